#include "net/dial.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "base/encoding.h"
#include "net/error.h"
#include "net/http_io.h"
#include "net/proxy.h"
#include "net/socket_stream.h"
#include "net/timeout.h"
#include "net/tls_stream.h"

namespace postern::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_error;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr HttpLimits kProxyLimits = {.max_header_bytes = 16 * 1024, .max_body_bytes = 64 * 1024};

/// Runs on the resolver's own thread. The wait can be cancelled although getaddrinfo can't: the answer then
/// comes to nobody.
awaitable<std::vector<tcp::endpoint>> resolve(std::string host, std::uint16_t port) {
  std::vector<tcp::endpoint> endpoints;
  error_code not_an_address;
  const auto literal = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    endpoints.emplace_back(literal, port);
    co_return endpoints;
  }
  const auto executor = co_await asio::this_coro::executor;
  struct Answer {
    explicit Answer(const asio::any_io_executor& on)
        : resolver(on), arrived(on, SteadyClock::time_point::max()) {}
    tcp::resolver resolver;
    asio::steady_timer arrived;
    bool done = false;
    error_code ec;
    tcp::resolver::results_type results;
  };
  const auto answer = std::make_shared<Answer>(executor);
  answer->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                 [answer](const error_code& ec, tcp::resolver::results_type results) {
                                   answer->done = true;
                                   answer->ec = ec;
                                   answer->results = std::move(results);
                                   answer->arrived.cancel();
                                 });
  if (!answer->done) co_await answer->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!answer->done) throw system_error(asio::error::operation_aborted);
  if (answer->ec) throw NetError(answer->ec, "name resolution: " + answer->ec.message());
  for (const auto& entry : answer->results) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

awaitable<void> connect_to(tcp::socket& socket, tcp::endpoint endpoint) {
  co_await socket.async_connect(endpoint, asio::use_awaitable);
}

/// Each address in turn with its share of the time left, so that one that swallows packets does not use up
/// everything.
awaitable<tcp::socket> connect_to_any(std::vector<tcp::endpoint> endpoints,
                                      SteadyClock::time_point deadline) {
  error_code last = asio::error::host_not_found;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const auto share = (deadline - SteadyClock::now()) / static_cast<int>(endpoints.size() - i);
    tcp::socket socket(co_await asio::this_coro::executor);
    auto attempt = connect_to(socket, endpoints[i]);
    try {
      co_await with_timeout(std::move(attempt), share);
      co_return std::move(socket);
    } catch (const system_error& error) {
      last = error.code();
    }
    if (last == asio::error::operation_aborted) break;
  }
  throw system_error(last);
}

/// RFC 9110 section 9.3.6: after a 2xx the connection is a tunnel.
awaitable<tcp::socket> tunnel(tcp::socket socket, Url url, Secret credentials) {
  TcpStream stream(std::move(socket));
  Request request;
  request.method = "CONNECT";
  const auto host = url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']';
  request.target = host + ':' + std::to_string(url.port);
  if (!credentials.empty()) {
    request.headers.add("Proxy-Authorization", "Basic " + to_base64(as_bytes(credentials.reveal())));
  }
  const auto text = serialize_request(request, request.target);
  co_await stream.write_all(as_bytes(text));
  std::string inbox;
  // Like HEAD's, a CONNECT's successful response has no body whatever its header says.
  const auto received = co_await read_response(stream, inbox, kProxyLimits, ResponseTo::kHead);
  const auto status = received.response.status;
  if (status < 200 || status > 299) {
    throw NetError(Errc::kProxyRefused, "proxy: refused with status " + std::to_string(status));
  }
  // Whoever is behind the tunnel waits for us to speak first.
  if (!inbox.empty()) throw NetError(Errc::kProxyRefused, "proxy: sent data before the tunnel was used");
  co_return stream.release();
}

awaitable<std::unique_ptr<Stream>> dial_steps(Url url, DialOptions options) {
  const auto deadline = SteadyClock::now() + options.timeout;
  auto proxy = find_proxy(url, process_environment);
  if (!proxy) throw NetError(Errc::kBadProxy, "proxy setting: " + proxy.error());

  const Url& first = *proxy ? (*proxy)->url : url;
  auto endpoints = co_await resolve(first.host, first.port);
  auto socket = co_await connect_to_any(std::move(endpoints), deadline);
  if (*proxy) socket = co_await tunnel(std::move(socket), url, (*proxy)->credentials);

  if (!url.secure()) co_return std::make_unique<TcpStream>(std::move(socket));
  POSTERN_CHECK(options.tls != nullptr);
  auto stream = std::make_unique<TlsStream>(std::move(socket), *options.tls, url.host);
  co_await stream->handshake();
  co_return stream;
}

}  // namespace

awaitable<std::unique_ptr<Stream>> dial(Url url, DialOptions options) {
  const auto name = "connect to " + url.host + ':' + std::to_string(url.port) + ": ";
  auto steps = dial_steps(std::move(url), options);
  try {
    auto stream = co_await with_timeout(std::move(steps), options.timeout);
    co_return stream;
  } catch (const system_error& error) {
    throw NetError(error.code(), name + describe(error));
  }
}

}  // namespace postern::net

#include "client/port/local_address.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/timeout.h"

namespace postern::client {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds kConnectLimit{15};

asio::awaitable<std::optional<LocalSocket>> connect_now(LocalAddress address) {
  const auto executor = co_await asio::this_coro::executor;
  if (address.is_unix()) {
    asio::local::stream_protocol::socket socket(executor);
    co_await socket.async_connect(asio::local::stream_protocol::endpoint(address.path), asio::use_awaitable);
    co_return LocalSocket(std::move(socket));
  }
  tcp::resolver resolver(executor);
  const auto found =
      co_await resolver.async_resolve(address.host, std::to_string(address.port), asio::use_awaitable);
  tcp::socket socket(executor);
  co_await asio::async_connect(socket, found, asio::use_awaitable);
  socket.set_option(tcp::no_delay(true));
  co_return LocalSocket(std::move(socket));
}

}  // namespace

std::string join_host_port(std::string_view host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string_view::npos;
  return bare_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string LocalAddress::to_string() const {
  return is_unix() ? path : join_host_port(host, port);
}

asio::awaitable<ConnectResult> connect_to(LocalAddress address) {
  const auto shown = address.to_string();
  auto connecting = connect_now(std::move(address));
  try {
    auto socket = co_await net::with_timeout(std::move(connecting), kConnectLimit);
    co_return ConnectResult{std::move(socket), ""};
  } catch (const boost::system::system_error& failure) {
    co_return ConnectResult{std::nullopt, shown + ": " + failure.code().message()};
  }
}

}  // namespace postern::client

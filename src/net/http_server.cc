#include "net/http_server.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

#include "base/log.h"
#include "net/error.h"
#include "net/http_connection.h"
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

constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr auto kAcceptLogInterval = std::chrono::minutes(1);

/// The process or the machine is out of something that comes back by itself.
bool is_shortage(const error_code& ec) {
  return ec == boost::system::errc::too_many_files_open ||
         ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::no_buffer_space || ec == boost::system::errc::not_enough_memory;
}

}  // namespace

struct HttpServer::State {
  State(const asio::any_io_executor& on, const TlsServerContext& tls_context, HttpHandler& to,
        const HttpServerOptions& with)
      : executor(on),
        tls(tls_context),
        handler(to),
        options(with),
        acceptor(on),
        changed(on, SteadyClock::time_point::max()) {}

  void listen(const std::string& address, std::uint16_t port);
  void drop_all();

  static awaitable<void> accept_loop(std::shared_ptr<State> self);
  static awaitable<void> serve(std::shared_ptr<State> self, tcp::socket socket);

  asio::any_io_executor executor;
  const TlsServerContext& tls;
  HttpHandler& handler;
  HttpServerOptions options;
  tcp::acceptor acceptor;
  /// Every connection but upgraded ones.
  std::list<HttpConnection> connections;
  bool stopping = false;
  /// Cancelled whenever a connection goes.
  asio::steady_timer changed;
};

void require_free_port(const std::string& address, std::uint16_t port) {
  asio::io_context unused{1};
  const tcp::endpoint endpoint(asio::ip::make_address(address), port);
  tcp::acceptor probe(unused, endpoint.protocol());
  probe.set_option(tcp::acceptor::reuse_address(true));
  probe.bind(endpoint);
  probe.listen();
}

void HttpServer::State::listen(const std::string& address, std::uint16_t port) {
  const tcp::endpoint endpoint(asio::ip::make_address(address), port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    throw system_error(errno, boost::system::system_category());
  }
  acceptor.bind(endpoint);
  acceptor.listen();
}

awaitable<void> HttpServer::State::accept_loop(std::shared_ptr<State> self) {
  auto last_logged = SteadyClock::time_point::min();
  asio::steady_timer pause(self->executor);
  while (self->acceptor.is_open()) {
    error_code ec;
    auto socket = co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (!self->acceptor.is_open()) break;
    if (is_shortage(ec)) {
      const auto now = SteadyClock::now();
      if (last_logged == SteadyClock::time_point::min() || now - last_logged >= kAcceptLogInterval) {
        last_logged = now;
        log::warning("accept_failed", {{"reason", ec.message()}});
      }
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    // Anything else concerns the one connection that was not accepted.
    if (ec || self->connections.size() >= self->options.max_connections) continue;
    asio::co_spawn(self->executor, serve(self, std::move(socket)), [](const std::exception_ptr& failure) {
      if (!failure) return;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        // Handshakes that fail and connections that break are the daily weather of an open port.
        log::debug("http_connection_failed", {{"reason", describe(error)}});
      }
    });
  }
}

awaitable<void> HttpServer::State::serve(std::shared_ptr<State> self, tcp::socket socket) {
  const auto entry = self->connections.emplace(self->connections.end(), self->handler, self->options);
  struct Leave {
    ~Leave() {
      state.connections.erase(entry);
      state.changed.cancel();
    }
    State& state;
    std::list<HttpConnection>::iterator entry;
  };
  std::optional<UpgradedConnection> upgraded;
  {
    const Leave leave{*self, entry};
    co_await entry->greet(std::move(socket), self->tls);
    upgraded = co_await entry->serve();
  }
  if (upgraded) start_upgraded(std::move(*upgraded));
}

void HttpServer::State::drop_all() {
  for (auto& connection : connections) connection.drop();
}

HttpServer::HttpServer(asio::any_io_executor executor, const std::string& address, std::uint16_t port,
                       const TlsServerContext& tls, HttpHandler& handler, HttpServerOptions options)
    : state_(std::make_shared<State>(executor, tls, handler, options)) {
  state_->listen(address, port);
  asio::co_spawn(executor, State::accept_loop(state_), [](const std::exception_ptr& failure) {
    // Nothing but a shutdown ends the loop, unless memory runs out.
    if (failure) log::error("accept_loop_ended");
  });
}

HttpServer::~HttpServer() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->stopping = true;
  state_->drop_all();
}

std::uint16_t HttpServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

awaitable<void> HttpServer::stop(SteadyClock::duration limit) {
  const auto self = state_;
  const auto deadline = SteadyClock::now() + limit;
  error_code ignored;
  self->acceptor.close(ignored);
  self->stopping = true;
  for (auto& connection : self->connections) connection.finish();
  while (!self->connections.empty() && SteadyClock::now() < deadline) {
    self->changed.expires_at(deadline);
    co_await self->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
  }
  self->drop_all();
}

}  // namespace postern::net

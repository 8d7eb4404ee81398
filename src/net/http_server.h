#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "net/http.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace postern::net {

/// Agreement to an upgrade: the WebSocket is moved to `home` and handed to `run` there. `run` owns it; the
/// connection ends when `run` returns.
struct AcceptUpgrade {
  boost::asio::any_io_executor home;
  std::function<awaitable<void>(std::unique_ptr<WebSocket>)> run;
  WsLimits limits;
};

/// What serves the requests of every connection of a server. Called from every server thread at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Anything thrown becomes a bare 500 and is logged.
  virtual awaitable<Response> handle(Request request) = 0;
  /// A well-formed WebSocket upgrade; a Response refuses it.
  virtual awaitable<std::variant<Response, AcceptUpgrade>> upgrade(Request request) = 0;
};

struct HttpServerOptions {
  std::size_t max_header_bytes = 32 * 1024;
  std::size_t max_body_bytes = 4 * 1024 * 1024;
  /// From the first byte of a request to its last, and for the TLS handshake.
  std::chrono::steady_clock::duration request_timeout = std::chrono::seconds(30);
  /// Between requests of a kept connection.
  std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(75);
  /// Connections on one listener; further ones are accepted and closed at once.
  std::size_t max_connections = 20'000;
};

/// Throws system_error when somebody listens on this address and port already. SO_REUSEPORT would let a
/// second process of the same user share them silently, so a program asks before it makes its HttpServers.
void require_free_port(const std::string& address, std::uint16_t port);

/// A TLS listener on one io_context. For several threads make one each on the same port (SO_REUSEPORT is
/// set). Malformed requests are answered 400, too large headers 431, too large bodies 413, slow ones 408; a
/// client that speaks plain HTTP to the TLS port is answered in plain HTTP that TLS is needed.
class HttpServer {
 public:
  /// `handler` and `tls` must outlive the server. Throws system_error when the address can't be bound.
  HttpServer(boost::asio::any_io_executor executor, const std::string& address, std::uint16_t port,
             const TlsServerContext& tls, HttpHandler& handler, HttpServerOptions options = {});
  ~HttpServer();

  /// The bound port; useful when 0 was asked for.
  std::uint16_t port() const;

  /// Stops accepting and closes idle connections; requests under way are finished (their connections then
  /// close). Returns when all connections but upgraded ones are gone or `limit` has passed, after which the
  /// rest is dropped. On the executor.
  awaitable<void> stop(std::chrono::steady_clock::duration limit);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::net

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http_io.h"
#include "net/http_server.h"
#include "net/socket_stream.h"

namespace postern::net {

/// A connection that has left HTTP: its 101 is written.
struct UpgradedConnection {
  AcceptUpgrade accept;
  std::unique_ptr<Stream> stream;
  /// What arrived behind the request.
  Bytes leftover;
};

/// Moves the connection to its home and runs it there. Nothing of the server is touched any more.
void start_upgraded(UpgradedConnection connection);

/// One connection of an HttpServer from its first byte to its last or to its upgrade. Its members run on the
/// server's executor; it outlives its coroutines.
class HttpConnection {
 public:
  HttpConnection(HttpHandler& handler, const HttpServerOptions& options)
      : handler_(handler), options_(options) {}

  /// The TLS handshake; a client that speaks plain HTTP is answered in plain HTTP and an exception thrown.
  awaitable<void> greet(SocketStream::Socket socket, const TlsServerContext& tls);

  /// After greet(). Requests are taken one after another until either side wants to close or the connection
  /// is upgraded.
  awaitable<std::optional<UpgradedConnection>> serve();

  /// Ends now if no request is under way, otherwise with its response.
  void finish();
  /// Ends now.
  void drop();

 private:
  enum class BodyOf { kSent, kOmitted };

  awaitable<std::optional<ReceivedRequest>> receive();
  awaitable<std::variant<Response, AcceptUpgrade>> answer(ReceivedRequest received);
  awaitable<void> write(Response response, AfterResponse after, BodyOf body);
  awaitable<void> refuse(Response response);

  HttpHandler& handler_;
  const HttpServerOptions& options_;
  std::unique_ptr<Stream> stream_;
  std::string inbox_;
  bool idle_ = true;
  bool finishing_ = false;
};

}  // namespace postern::net

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "net/dial.h"
#include "net/http.h"
#include "net/websocket.h"

namespace postern::net {

/// One HTTP/1.1 connection used for several requests in turn, and at last perhaps for a WebSocket: an API
/// call and the data channel that follows it share one connection, which saves two round trips.
class HttpClient {
 public:
  /// Uses an already connected stream to `url`'s host.
  HttpClient(std::unique_ptr<Stream> stream, Url url);
  ~HttpClient();

  /// dial() and wrap.
  static awaitable<std::unique_ptr<HttpClient>> connect(Url url, DialOptions options);

  /// Sends the request (Host and Content-Length are added when absent) and reads the whole response. The body
  /// may have at most 16 MiB. Throws system_error; also when `timeout` has passed.
  awaitable<Response> send(Request request,
                           std::chrono::steady_clock::duration timeout = std::chrono::seconds(30));

  /// True while another request may be sent: open, and the last response did not ask to close.
  bool reusable() const;

  /// Upgrades this connection. `extra` holds further headers (SigV4). On any answer but a valid 101 it throws
  /// UpgradeRefused, which carries the response. Afterwards the client is spent.
  awaitable<std::unique_ptr<WebSocket>> upgrade(
      std::string target, Headers extra, WsLimits limits = {},
      std::chrono::steady_clock::duration timeout = std::chrono::seconds(30));

  const Url& url() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The server answered the upgrade with something else than 101.
class UpgradeRefused : public std::exception {
 public:
  explicit UpgradeRefused(Response response);
  const char* what() const noexcept override { return what_.c_str(); }
  const Response& response() const { return response_; }

 private:
  Response response_;
  std::string what_;
};

}  // namespace postern::net

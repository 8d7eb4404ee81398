#include "net/http_client.h"

#include <array>

#include "base/encoding.h"
#include "base/random.h"
#include "net/error.h"
#include "net/http_io.h"
#include "net/timeout.h"
#include "net/ws_frame.h"

namespace postern::net {
namespace {

constexpr HttpLimits kLimits = {.max_header_bytes = 64 * 1024, .max_body_bytes = 16 * 1024 * 1024};

bool is_websocket_agreement(const Response& response, std::string_view key) {
  return response.status == 101 && has_token(response.headers, "Upgrade", "websocket") &&
         has_token(response.headers, "Connection", "upgrade") &&
         response.headers.find("Sec-WebSocket-Accept") == ws_accept_for(key) &&
         // We offer neither, so a server that picks one talks to somebody else (RFC 6455 section 4.1).
         !response.headers.find("Sec-WebSocket-Extensions") &&
         !response.headers.find("Sec-WebSocket-Protocol");
}

}  // namespace

struct HttpClient::State {
  std::unique_ptr<Stream> stream;
  Url url;
  std::string inbox;
  bool reusable = true;

  awaitable<Response> exchange(Request request);
};

/// `reusable` is false from the first byte sent until the response is complete, so a failure anywhere leaves
/// it so.
awaitable<Response> HttpClient::State::exchange(Request request) {
  reusable = false;
  const auto text = serialize_request(request, url.authority());
  co_await stream->write_all(as_bytes(text));
  const auto method = request.method == "HEAD" ? ResponseTo::kHead : ResponseTo::kOther;
  auto received = co_await read_response(*stream, inbox, kLimits, method);
  // Bytes behind the response belong to no request of ours (behind a 101 they are the WebSocket's).
  reusable = received.keep_alive && inbox.empty() && received.response.status != 101;
  co_return std::move(received.response);
}

HttpClient::HttpClient(std::unique_ptr<Stream> stream, Url url) : state_(std::make_unique<State>()) {
  state_->stream = std::move(stream);
  state_->url = std::move(url);
}

HttpClient::~HttpClient() = default;

awaitable<std::unique_ptr<HttpClient>> HttpClient::connect(Url url, DialOptions options) {
  auto stream = co_await dial(url, options);
  co_return std::make_unique<HttpClient>(std::move(stream), std::move(url));
}

awaitable<Response> HttpClient::send(Request request, std::chrono::steady_clock::duration timeout) {
  if (!state_->reusable) throw boost::system::system_error(Errc::kHttpNotReusable);
  auto exchange = state_->exchange(std::move(request));
  auto response = co_await with_timeout(std::move(exchange), timeout);
  co_return response;
}

bool HttpClient::reusable() const {
  return state_->reusable;
}

awaitable<std::unique_ptr<WebSocket>> HttpClient::upgrade(std::string target, Headers extra, WsLimits limits,
                                                          std::chrono::steady_clock::duration timeout) {
  if (!state_->reusable) throw boost::system::system_error(Errc::kHttpNotReusable);
  std::array<std::uint8_t, 16> nonce;
  fill_random(nonce);
  const auto key = to_base64(nonce);
  Request request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = std::move(extra);
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Upgrade", "websocket");
  request.headers.set("Sec-WebSocket-Version", "13");
  request.headers.set("Sec-WebSocket-Key", key);
  auto exchange = state_->exchange(std::move(request));
  auto response = co_await with_timeout(std::move(exchange), timeout);
  state_->reusable = false;
  if (!is_websocket_agreement(response, key)) {
    state_->stream->close();
    throw UpgradeRefused(std::move(response));
  }
  const auto leftover = to_bytes(std::exchange(state_->inbox, {}));
  co_return std::make_unique<WebSocket>(std::move(state_->stream), WsRole::kClient, leftover, limits);
}

const Url& HttpClient::url() const {
  return state_->url;
}

UpgradeRefused::UpgradeRefused(Response response)
    : response_(std::move(response)),
      what_("the server answered the WebSocket upgrade with status " + std::to_string(response_.status)) {}

}  // namespace postern::net

#include "net/http_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "base/encoding.h"
#include "base/log.h"
#include "net/timeout.h"
#include "net/tls_stream.h"
#include "net/ws_frame.h"

namespace postern::net {
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// A slow reader has request_timeout for each of these.
constexpr std::size_t kWriteSlice = 64 * 1024;
/// After a refusal so much of what the client still sends is read and dropped, because closing a socket with
/// unread bytes resets the connection and takes the response with it.
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr auto kLingerTime = std::chrono::seconds(2);

Response text_response(unsigned status, std::string text) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain");
  response.body = std::move(text) + '\n';
  return response;
}

/// The response that a failed read deserves; nothing when nobody is there to read it.
std::optional<Response> response_to(const error_code& ec) {
  if (ec == Errc::kHttpMalformed) return text_response(400, "malformed request");
  if (ec == Errc::kHttpHeaderTooLarge) return text_response(431, "request header too large");
  if (ec == Errc::kHttpBodyTooLarge) return text_response(413, "request body too large");
  if (ec == asio::error::timed_out) return text_response(408, "request took too long");
  return std::nullopt;
}

bool wants_websocket(const Request& request) {
  return has_token(request.headers, "Upgrade", "websocket") &&
         has_token(request.headers, "Connection", "upgrade");
}

/// RFC 6455 section 4.2.1; the refusal of an upgrade that does not follow it.
std::optional<Response> upgrade_fault(const ReceivedRequest& received) {
  const auto& request = received.request;
  if (request.method != "GET" || !received.http11 || !request.body.empty()) {
    return text_response(400, "a WebSocket upgrade is a GET without body in HTTP/1.1");
  }
  if (request.headers.find("Sec-WebSocket-Version") != "13") {
    auto response = text_response(426, "only WebSocket version 13 is spoken");
    response.headers.add("Sec-WebSocket-Version", "13");
    return response;
  }
  const auto nonce = from_base64(request.headers.find("Sec-WebSocket-Key").value_or(""));
  if (!nonce || nonce->size() != 16) return text_response(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  return std::nullopt;
}

awaitable<void> write_slices(Stream* stream, std::string text, std::chrono::steady_clock::duration limit) {
  for (std::size_t at = 0; at < text.size(); at += kWriteSlice) {
    auto slice = stream->write_all(as_bytes(std::string_view(text).substr(at, kWriteSlice)));
    co_await with_timeout(std::move(slice), limit);
  }
}

/// Reads and drops what still comes.
awaitable<void> drain(Stream* stream) {
  Bytes scratch(16 * 1024);
  std::size_t total = 0;
  while (total < kLingerBytes) {
    const auto size = co_await stream->read_some(scratch);
    if (size == 0) break;
    total += size;
  }
}

awaitable<void> linger(Stream* stream) {
  stream->shutdown_send();
  try {
    auto draining = drain(stream);
    co_await with_timeout(std::move(draining), kLingerTime);
  } catch (const system_error&) {
    // The client is gone or keeps sending; either way this was all it gets.
  }
  stream->close();
}

awaitable<void> run_upgraded(UpgradedConnection connection) {
  auto socket = std::make_unique<WebSocket>(std::move(connection.stream), WsRole::kServer,
                                            std::move(connection.leftover), connection.accept.limits);
  co_await connection.accept.run(std::move(socket));
}

}  // namespace

void start_upgraded(UpgradedConnection connection) {
  const auto home = connection.accept.home;
  connection.stream->rebind(home);
  asio::co_spawn(home, run_upgraded(std::move(connection)), [](const std::exception_ptr& failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      log::debug("websocket_ended", {{"reason", describe(error)}});
    }
  });
}

awaitable<void> HttpConnection::greet(SocketStream::Socket socket, const TlsServerContext& tls) {
  auto plain = std::make_unique<TcpStream>(std::move(socket));
  auto& tcp = *plain;
  stream_ = std::move(plain);
  auto peek = tcp.peek();
  const auto first = co_await with_timeout(std::move(peek), options_.request_timeout);
  if (!first) throw system_error(asio::error::eof);
  // A TLS record begins with its type, 22 for a handshake; an HTTP request with the capital letters of its
  // method.
  if (*first >= 'A' && *first <= 'Z') {
    co_await refuse(text_response(400, "this port speaks HTTPS"));
    throw NetError(Errc::kTlsFailed, "TLS: the client speaks plain HTTP");
  }
  auto secure = std::make_unique<TlsStream>(tcp.release(), tls);
  auto handshake = secure->handshake();
  stream_ = std::move(secure);
  co_await with_timeout(std::move(handshake), options_.request_timeout);
}

void HttpConnection::finish() {
  finishing_ = true;
  if (idle_) drop();
}

void HttpConnection::drop() {
  finishing_ = true;
  if (stream_) stream_->close();
}

awaitable<void> HttpConnection::write(Response response, AfterResponse after, BodyOf body) {
  auto text = serialize_response_head(response, after);
  if (body == BodyOf::kSent) text += response.body;
  co_await write_slices(stream_.get(), std::move(text), options_.request_timeout);
}

awaitable<void> HttpConnection::refuse(Response response) {
  co_await write(std::move(response), AfterResponse::kClose, BodyOf::kSent);
  co_await linger(stream_.get());
}

/// The next request; nothing when the connection is over, after the client was told why if it can be told.
awaitable<std::optional<ReceivedRequest>> HttpConnection::receive() {
  if (inbox_.empty()) {
    idle_ = true;
    auto readable = stream_->wait_readable();
    co_await with_timeout(std::move(readable), options_.idle_timeout);
    idle_ = false;
  }
  const HttpLimits limits = {.max_header_bytes = options_.max_header_bytes,
                             .max_body_bytes = options_.max_body_bytes};
  error_code failure;
  try {
    auto read = read_request(*stream_, inbox_, limits);
    auto received = co_await with_timeout(std::move(read), options_.request_timeout);
    co_return received;
  } catch (const system_error& error) {
    failure = error.code();
  }
  if (auto response = response_to(failure)) co_await refuse(std::move(*response));
  co_return std::nullopt;
}

awaitable<std::variant<Response, AcceptUpgrade>> HttpConnection::answer(ReceivedRequest received) {
  std::variant<Response, AcceptUpgrade> result;
  auto& request = received.request;
  try {
    if (!wants_websocket(request)) {
      result = co_await handler_.handle(std::move(request));
    } else if (auto fault = upgrade_fault(received)) {
      result = std::move(*fault);
    } else {
      result = co_await handler_.upgrade(std::move(request));
    }
    co_return result;
  } catch (const std::exception& error) {
    log::error("http_handler_threw", {{"what", error.what()}});
  }
  result = text_response(500, "internal error");
  co_return result;
}

awaitable<std::optional<UpgradedConnection>> HttpConnection::serve() {
  const auto peer = stream_->peer_address();
  for (;;) {
    auto received = co_await receive();
    if (!received) break;
    auto& request = received->request;
    request.peer_address = peer;
    const auto body = request.method == "HEAD" ? BodyOf::kOmitted : BodyOf::kSent;
    const auto key = std::string(request.headers.find("Sec-WebSocket-Key").value_or(""));
    const bool client_keeps = received->keep_alive && received->http11;

    auto result = co_await answer(std::move(*received));
    if (auto* accept = std::get_if<AcceptUpgrade>(&result)) {
      Response agreement;
      agreement.status = 101;
      agreement.headers.add("Upgrade", "websocket");
      agreement.headers.add("Connection", "Upgrade");
      agreement.headers.add("Sec-WebSocket-Accept", ws_accept_for(key));
      co_await write(std::move(agreement), AfterResponse::kKeepAlive, BodyOf::kOmitted);
      co_return UpgradedConnection{std::move(*accept), std::move(stream_), to_bytes(inbox_)};
    }
    auto& response = std::get<Response>(result);
    const bool keeps = client_keeps && !finishing_ && !has_token(response.headers, "Connection", "close");
    co_await write(std::move(response), keeps ? AfterResponse::kKeepAlive : AfterResponse::kClose, body);
    if (!keeps) {
      co_await linger(stream_.get());
      break;
    }
    // The server may have been asked to stop while the response was on its way.
    if (finishing_) break;
  }
  stream_->close();
  co_return std::nullopt;
}

}  // namespace postern::net

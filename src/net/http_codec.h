#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "net/error.h"
#include "net/http.h"

namespace postern::net {

struct HttpLimits {
  std::size_t max_header_bytes;
  std::size_t max_body_bytes;
};

/// Parses one HTTP/1.x request from bytes as they come. What two parsers might read differently is refused:
/// more than one Content-Length, Transfer-Encoding beside it or other than `chunked`, a missing or second
/// Host (RFC 9112 sections 3.2, 6.1, 6.3). Trailer fields are read and dropped, so that they can't pose as
/// header fields.
class RequestParser {
 public:
  explicit RequestParser(HttpLimits limits);
  ~RequestParser();

  /// Takes bytes from the front of `bytes` and says how many; the caller presents the rest again, with more
  /// behind it. Errors are kHttpMalformed, kHttpHeaderTooLarge, kHttpBodyTooLarge.
  std::expected<std::size_t, Errc> feed(std::string_view bytes);

  bool header_done() const;
  bool done() const;
  /// The header is there and asks for `100 Continue` before the body comes. HTTP/1.1 only.
  bool expects_continue() const;
  /// The version is 1.1.
  bool is_http11() const;
  /// The client will take a further response on this connection.
  bool keep_alive() const;
  /// When done(), once. peer_address and secure are left to the caller.
  Request take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a response is the answer to decides whether it has a body.
enum class ResponseTo { kHead, kOther };

/// Parses one response; see RequestParser. Interim responses (1xx) are responses of their own.
class ResponseParser {
 public:
  ResponseParser(HttpLimits limits, ResponseTo method);
  ~ResponseParser();

  std::expected<std::size_t, Errc> feed(std::string_view bytes);
  /// The stream ended: the end of a body that has no length, otherwise kHttpEndedEarly.
  std::expected<void, Errc> finish();
  bool done() const;
  bool keep_alive() const;
  Response take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole request with Host (if absent) and Content-Length (if there is a body, or the method usually has
/// one). Throws kHttpMalformed when a part holds characters that would end it.
std::string serialize_request(const Request& request, std::string_view host);

enum class AfterResponse { kKeepAlive, kClose };

/// Everything up to the body, with Content-Length where the status permits a body.
std::string serialize_response_head(const Response& response, AfterResponse after);

/// True when the comma-separated list in a field of that name has `token`, without regard to case.
bool has_token(const Headers& headers, std::string_view name, std::string_view token);

}  // namespace postern::net

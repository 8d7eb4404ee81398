#include "net/http_codec.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

#include "net/http_body.h"

namespace postern::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

Errc classify(const error_code& ec) {
  if (ec == http::error::header_limit) return Errc::kHttpHeaderTooLarge;
  if (ec == http::error::body_limit) return Errc::kHttpBodyTooLarge;
  return Errc::kHttpMalformed;
}

std::string to_std(beast::string_view text) {
  return {text.data(), text.size()};
}

template <class Fields>
Headers copy_fields(const Fields& fields) {
  Headers headers;
  for (const auto& field : fields) headers.add(to_std(field.name_string()), to_std(field.value()));
  return headers;
}

std::size_t count(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(headers.all(), [&](const auto& field) {
    return beast::iequals({field.first.data(), field.first.size()}, {name.data(), name.size()});
  }));
}

/// RFC 9112 section 6.3: framing that more than one reading of could be defended is an attack until proven
/// otherwise.
bool is_framing_unambiguous(const Headers& headers, unsigned version) {
  const auto lengths = count(headers, "Content-Length");
  const auto encodings = count(headers, "Transfer-Encoding");
  if (lengths + encodings > 1) return false;
  if (lengths == 1 && headers.find("Content-Length")->find(',') != std::string_view::npos) return false;
  if (encodings == 0) return true;
  const auto encoding = *headers.find("Transfer-Encoding");
  return version == 11 && beast::iequals({encoding.data(), encoding.size()}, "chunked");
}

/// Beast reads the header only; what frames the body is HttpBody's.
template <class Parser>
std::expected<std::size_t, Errc> feed_header(Parser& parser, std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !parser.is_header_done()) {
    error_code ec;
    const auto rest = bytes.substr(taken);
    taken += parser.put(boost::asio::buffer(rest.data(), rest.size()), ec);
    if (ec == http::error::need_more) break;
    if (ec) return std::unexpected(classify(ec));
  }
  return taken;
}

template <class Parser>
HttpBody body_of(const Parser& parser, std::size_t max_bytes, HttpBody otherwise) {
  if (parser.chunked()) return HttpBody::chunked(max_bytes);
  if (const auto length = parser.content_length()) return HttpBody::of_length(*length, max_bytes);
  return otherwise;
}

void configure(auto& parser, HttpLimits limits) {
  // Without it Beast would read on into the body.
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
  parser.body_limit(limits.max_body_bytes);
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSymbols.find(c) != std::string_view::npos;
  });
}

/// Field values may hold anything but what ends a line.
bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_target(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f'; });
}

void append_fields(std::string& to, const Headers& headers) {
  for (const auto& [name, value] : headers.all()) {
    if (!is_token(name) || !is_field_value(value)) {
      throw NetError(Errc::kHttpMalformed, "header field " + name + " can't be sent");
    }
    to.append(name).append(": ").append(value).append("\r\n");
  }
}

}  // namespace

struct RequestParser::State {
  http::request_parser<http::empty_body> parser;
  HttpLimits limits;
  bool header_done = false;
  Request request;
  HttpBody body = HttpBody::none();
};

RequestParser::RequestParser(HttpLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
  configure(state_->parser, limits);
}
RequestParser::~RequestParser() = default;

std::expected<std::size_t, Errc> RequestParser::feed(std::string_view bytes) {
  if (state_->header_done) return state_->body.feed(bytes);
  auto& parser = state_->parser;
  const auto taken = feed_header(parser, bytes);
  if (!taken || !parser.is_header_done()) return taken;
  state_->header_done = true;
  const auto& message = parser.get();
  auto& request = state_->request;
  request.method = to_std(message.method_string());
  request.target = to_std(message.target());
  request.headers = copy_fields(message);
  const auto hosts = count(request.headers, "Host");
  const bool host_ok = hosts == 1 || (hosts == 0 && message.version() == 10);
  const bool version_ok = message.version() == 10 || message.version() == 11;
  if (!host_ok || !version_ok || !is_framing_unambiguous(request.headers, message.version())) {
    return std::unexpected(Errc::kHttpMalformed);
  }
  state_->body = body_of(parser, state_->limits.max_body_bytes, HttpBody::none());
  return taken;
}

bool RequestParser::header_done() const {
  return state_->header_done;
}
bool RequestParser::done() const {
  return state_->header_done && state_->body.done();
}
bool RequestParser::expects_continue() const {
  return header_done() && is_http11() && has_token(state_->request.headers, "Expect", "100-continue");
}
bool RequestParser::is_http11() const {
  return state_->parser.get().version() == 11;
}
bool RequestParser::keep_alive() const {
  return state_->parser.keep_alive();
}

Request RequestParser::take() {
  state_->request.body = state_->body.take();
  return std::move(state_->request);
}

struct ResponseParser::State {
  http::response_parser<http::empty_body> parser;
  HttpLimits limits;
  ResponseTo method = ResponseTo::kOther;
  bool header_done = false;
  Response response;
  HttpBody body = HttpBody::none();
};

ResponseParser::ResponseParser(HttpLimits limits, ResponseTo method) : state_(std::make_unique<State>()) {
  state_->limits = limits;
  state_->method = method;
  configure(state_->parser, limits);
  if (method == ResponseTo::kHead) state_->parser.skip(true);
}
ResponseParser::~ResponseParser() = default;

std::expected<std::size_t, Errc> ResponseParser::feed(std::string_view bytes) {
  if (state_->header_done) return state_->body.feed(bytes);
  auto& parser = state_->parser;
  const auto taken = feed_header(parser, bytes);
  if (!taken || !parser.is_header_done()) return taken;
  state_->header_done = true;
  const auto status = parser.get().result_int();
  state_->response.status = status;
  state_->response.headers = copy_fields(parser.get());
  if (!is_framing_unambiguous(state_->response.headers, parser.get().version())) {
    return std::unexpected(Errc::kHttpMalformed);
  }
  const bool bodiless = state_->method == ResponseTo::kHead || status < 200 || status == 204 || status == 304;
  const auto max_bytes = state_->limits.max_body_bytes;
  if (!bodiless) state_->body = body_of(parser, max_bytes, HttpBody::until_end(max_bytes));
  return taken;
}

std::expected<void, Errc> ResponseParser::finish() {
  if (!state_->header_done) return std::unexpected(Errc::kHttpEndedEarly);
  return state_->body.finish();
}

bool ResponseParser::done() const {
  return state_->header_done && state_->body.done();
}
bool ResponseParser::keep_alive() const {
  return state_->parser.keep_alive();
}

Response ResponseParser::take() {
  state_->response.body = state_->body.take();
  return std::move(state_->response);
}

std::string serialize_request(const Request& request, std::string_view host) {
  if (!is_token(request.method) || !is_target(request.target) || !is_field_value(host)) {
    throw NetError(Errc::kHttpMalformed, "request line can't be sent");
  }
  std::string text = request.method + ' ' + request.target + " HTTP/1.1\r\n";
  if (!request.headers.find("Host")) text.append("Host: ").append(host).append("\r\n");
  append_fields(text, request.headers);
  const bool usually_has_body =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if ((usually_has_body || !request.body.empty()) && !request.headers.find("Content-Length")) {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return text + "\r\n" + request.body;
}

std::string serialize_response_head(const Response& response, AfterResponse after) {
  const auto reason = http::obsolete_reason(http::int_to_status(response.status));
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ' + to_std(reason) + "\r\n";
  append_fields(text, response.headers);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless && !response.headers.find("Content-Length")) {
    text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (after == AfterResponse::kClose && !response.headers.find("Connection")) text += "Connection: close\r\n";
  return text + "\r\n";
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  return std::ranges::any_of(headers.all(), [&](const auto& field) {
    if (!beast::iequals({field.first.data(), field.first.size()}, {name.data(), name.size()})) return false;
    return http::token_list(beast::string_view(field.second.data(), field.second.size()))
        .exists(beast::string_view(token.data(), token.size()));
  });
}

}  // namespace postern::net

#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <memory>
#include <string>

#include "aws/error.h"
#include "aws/form.h"
#include "base/clock.h"
#include "base/json_codec.h"
#include "client/aws_config.h"
#include "net/http_client.h"

namespace postern::client {

/// The code of errors that no service answered: the connection could not be made or broke.
inline constexpr std::string_view kConnectionError = "ConnectionError";

/// An error for the person: code, message, and what to do where that is known.
std::string explain(const aws::ApiError& error);

/// Whether another try may succeed: throttling, 5xx, broken connections.
bool is_transient(const aws::ApiError& error);

/// The code and message of an error answer in JSON 1.1 or the XML of the Query services; the status alone
/// where the body says nothing.
aws::ApiError parse_error_answer(unsigned status, std::string_view body);

/// Calls the API (SigV4; ssm in JSON 1.1, iam and sts as forms) over one connection that is kept between
/// calls. One call at a time, on one executor.
class ApiClient {
 public:
  /// `settings` names endpoint, region and credentials. All must outlive the client.
  ApiClient(const Settings& settings, const net::TlsClientContext& tls, const Clock& clock)
      : settings_(settings), tls_(tls), clock_(clock) {}

  /// Up to three tries for transient errors, with growing, jittered pauses.
  net::awaitable<std::expected<boost::json::value, aws::ApiError>> call(std::string operation,
                                                                        std::string body);

  /// An operation of a Query service (`iam`, `sts`): the answer is its XML. Tries as call().
  net::awaitable<std::expected<std::string, aws::ApiError>> query(std::string service, std::string version,
                                                                  std::string action, aws::Form form);

  /// call() with a described request, decoded into a described answer.
  template <class Answer, class Question>
  net::awaitable<std::expected<Answer, aws::ApiError>> ask(std::string operation, Question question) {
    auto body = encode_json_text(question);
    auto answer = co_await call(operation, std::move(body));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto decoded = decode_json<Answer>(*answer);
    if (!decoded) {
      co_return std::unexpected(
          aws::ApiError{"InvalidAnswer", 0, operation + " was answered with: " + decoded.error().message()});
    }
    co_return std::move(*decoded);
  }

  /// The kept connection, if it leads to `url`'s host and can take another request; the client then makes
  /// itself a new one when it needs it.
  std::unique_ptr<net::HttpClient> take_connection_to(const net::Url& url);

 private:
  struct Post {
    std::string service;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
  };
  net::awaitable<std::expected<std::string, aws::ApiError>> send_with_retries(Post post);
  net::awaitable<std::expected<std::string, aws::ApiError>> send_once(Post post);
  net::awaitable<net::Response> exchange(net::Url url, net::Request request);

  const Settings& settings_;
  const net::TlsClientContext& tls_;
  const Clock& clock_;
  std::unique_ptr<net::HttpClient> connection_;
};

}  // namespace postern::client

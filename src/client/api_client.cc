#include "client/api_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "aws/xml.h"
#include "base/random.h"
#include "net/error.h"

namespace postern::client {
namespace asio = boost::asio;
namespace {

constexpr int kTries = 3;
constexpr std::chrono::milliseconds kFirstPause{100};

constexpr std::array<std::string_view, 5> kThrottlingCodes = {
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
    "RequestThrottledException"};

struct Advice {
  std::string_view code;
  std::string_view what_to_do;
};

constexpr auto kAdvice = std::to_array<Advice>({
    {"TargetNotConnected", "`postern nodes` shows which nodes are online."},
    {"ExpiredTokenException", "Get new temporary credentials and try again."},
    {"UnrecognizedClientException", "Check the access key of your profile."},
    {"InvalidSignatureException", "Check the secret access key of your profile, and this machine's clock."},
    {kConnectionError, "Check --endpoint-url (or AWS_ENDPOINT_URL_SSM) and that the service runs."},
});

std::unexpected<aws::ApiError> connection_error(const std::exception& failure) {
  return std::unexpected(aws::ApiError{std::string(kConnectionError), 0, net::describe(failure)});
}

// Between half of and the whole pause, so that clients which failed together do not come back together.
std::chrono::milliseconds jittered(std::chrono::milliseconds pause) {
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  return std::chrono::milliseconds(half + random_below(half + 1));
}

}  // namespace

std::string explain(const aws::ApiError& error) {
  auto text = error.code + ": " + error.message;
  const auto* known = std::ranges::find(kAdvice, error.code, &Advice::code);
  std::string_view advice = known == kAdvice.end() ? std::string_view() : known->what_to_do;
  if (error.code == kConnectionError && error.message.find("certificate") != std::string::npos) {
    advice = "Give the service's CA certificate with --ca-bundle, AWS_CA_BUNDLE or the profile's ca_bundle.";
  }
  if (advice.empty()) return text;
  if (!text.ends_with('.')) text += '.';
  return text.append(" ").append(advice);
}

bool is_transient(const aws::ApiError& error) {
  return error.code == kConnectionError || error.status >= 500 ||
         std::ranges::find(kThrottlingCodes, error.code) != kThrottlingCodes.end();
}

aws::ApiError parse_error_answer(unsigned status, std::string_view body) {
  aws::ApiError error{fmt::format("HTTP {}", status), status, "the service gave no reason"};
  // The Query services answer in XML.
  if (auto code = aws::xml_element_text(body, "Code")) {
    error.code = std::move(*code);
    error.message = aws::xml_element_text(body, "Message").value_or(error.message);
    return error;
  }
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return error;
  const auto& members = parsed->get_object();
  if (const auto* type = members.if_contains("__type"); type != nullptr && type->is_string()) {
    std::string_view code = type->get_string();
    // `namespace#Code`
    if (const auto hash = code.rfind('#'); hash != std::string_view::npos) code.remove_prefix(hash + 1);
    error.code = code;
  }
  for (const auto* name : {"message", "Message"}) {
    const auto* message = members.if_contains(name);
    if (message != nullptr && message->is_string()) error.message = std::string(message->get_string());
  }
  return error;
}

net::awaitable<std::expected<std::string, aws::ApiError>> ApiClient::send_with_retries(Post post) {
  auto pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    auto answer = co_await send_once(post);
    if (answer || attempt == kTries || !is_transient(answer.error())) co_return std::move(answer);
    asio::steady_timer timer(co_await asio::this_coro::executor, jittered(pause));
    co_await timer.async_wait(asio::use_awaitable);
    pause *= 4;
  }
}

net::awaitable<std::expected<boost::json::value, aws::ApiError>> ApiClient::call(std::string operation,
                                                                                 std::string body) {
  Post post{
      .service = "ssm",
      .headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "AmazonSSM." + operation}},
      .body = std::move(body)};
  auto answer = co_await send_with_retries(std::move(post));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto parsed = parse_json(answer->empty() ? "{}" : *answer);
  if (!parsed) {
    co_return std::unexpected(
        aws::ApiError{"InvalidAnswer", 0, operation + " was answered with: " + parsed.error().message()});
  }
  co_return std::move(*parsed);
}

net::awaitable<std::expected<std::string, aws::ApiError>> ApiClient::query(std::string service,
                                                                           std::string version,
                                                                           std::string action,
                                                                           aws::Form form) {
  form["Action"] = std::move(action);
  form["Version"] = std::move(version);
  Post post{.service = std::move(service),
            .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
            .body = aws::encode_form(form)};
  co_return co_await send_with_retries(std::move(post));
}

net::awaitable<std::expected<std::string, aws::ApiError>> ApiClient::send_once(Post post) {
  if (!settings_.credentials) {
    co_return std::unexpected(
        aws::ApiError{"NoCredentials", 0,
                      fmt::format("profile {} has no credentials. Set AWS_ACCESS_KEY_ID and "
                                  "AWS_SECRET_ACCESS_KEY, or give a --profile that has them.",
                                  settings_.profile)});
  }
  auto url = net::Url::parse(settings_.endpoint_url);
  if (!url)
    co_return std::unexpected(
        aws::ApiError{"InvalidEndpoint", 0, settings_.endpoint_url + ": " + url.error()});
  net::Request request;
  request.method = "POST";
  request.target = url->target;
  request.body = std::move(post.body);
  request.headers.add("Host", url->authority());
  for (auto& [name, value] : post.headers) request.headers.add(std::move(name), std::move(value));
  const aws::SignableRequest signable{request.method, request.target, request.headers.all(), request.body};
  for (auto& [name, value] :
       aws::sign_request(signable, *settings_.credentials, settings_.region, post.service, clock_.now())) {
    request.headers.add(std::move(name), std::move(value));
  }
  request.headers.add("User-Agent", "postern/" POSTERN_VERSION);
  net::Response response;
  try {
    auto answer = exchange(std::move(*url), std::move(request));
    response = co_await std::move(answer);
  } catch (const boost::system::system_error& failure) {
    connection_.reset();
    co_return connection_error(failure);
  }
  if (response.status < 200 || response.status > 299) {
    co_return std::unexpected(parse_error_answer(response.status, response.body));
  }
  co_return std::move(response.body);
}

net::awaitable<net::Response> ApiClient::exchange(net::Url url, net::Request request) {
  if (!connection_ || !connection_->reusable()) {
    net::DialOptions options;
    options.tls = &tls_;
    connection_ = co_await net::HttpClient::connect(std::move(url), options);
  }
  auto response = co_await connection_->send(std::move(request));
  co_return response;
}

std::unique_ptr<net::HttpClient> ApiClient::take_connection_to(const net::Url& url) {
  if (!connection_ || !connection_->reusable()) return nullptr;
  const auto& there = connection_->url();
  if (there.host != url.host || there.port != url.port || there.secure() != url.secure()) return nullptr;
  return std::move(connection_);
}

}  // namespace postern::client

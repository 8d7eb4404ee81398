#include "agent/service.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "aws/xml.h"
#include "base/uuid.h"
#include "net/error.h"

namespace postern::agent {
namespace {

constexpr std::chrono::seconds kCallTimeout{15};
constexpr std::size_t kMaxErrorText = 500;

struct CreateChannel {
  std::string message_schema_version = "1.0";
  std::string request_id;
  /// Empty from an agent, and only on data channels.
  std::optional<std::string> client_id;
};
BOOST_DESCRIBE_STRUCT(CreateChannel, (), (message_schema_version, request_id, client_id))

std::string create_channel_body(std::optional<std::string> client_id) {
  CreateChannel body;
  body.request_id = Uuid::random().to_string();
  body.client_id = std::move(client_id);
  return encode_json_text(body);
}

void sign_request(net::Request& request, const net::Url& url, const Sign& sign) {
  request.headers.set("Host", url.authority());
  aws::SignableRequest signable{request.method, request.target, request.headers.all(), request.body};
  for (auto& [name, value] : sign(signable)) request.headers.add(std::move(name), std::move(value));
}

// Bodies of errors come from whoever answers at the endpoint: no more of them than a line.
std::string excerpt(std::string_view text) {
  return std::string(text.substr(0, kMaxErrorText));
}

ServiceError rest_error(const net::Response& response) {
  return {response.status, "", excerpt(response.body)};
}

}  // namespace

ServiceError::ServiceError(unsigned status, std::string code, std::string message)
    : status_(status), code_(std::move(code)), message_(std::move(message)) {
  what_ = code_.empty() ? fmt::format("the service answered {}: {}", status_, message_)
                        : fmt::format("{}: {}", code_, message_);
}

ServiceError json_error(unsigned status, std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return {status, "", excerpt(body)};
  const auto text = [&](const char* name) {
    const auto* value = parsed->get_object().if_contains(name);
    return value != nullptr && value->is_string() ? excerpt(value->get_string()) : std::string();
  };
  auto code = text("__type");
  code.erase(0, code.find('#') + 1);
  auto message = text("message");
  if (message.empty()) message = text("Message");
  return {status, std::move(code), std::move(message)};
}

Sign sign_anonymously() {
  return [](const aws::SignableRequest&) { return aws::HeaderList(); };
}

Sign sign_with(const Service& service, const aws::Credentials& credentials, std::string_view signing_name) {
  return [region = service.region, clock = service.clock, credentials,
          name = std::string(signing_name)](const aws::SignableRequest& request) {
    return aws::sign_request(request, credentials, region, name, clock->now());
  };
}

Sign sign_with_key(const Service& service, std::string_view node_id, const aws::NodeKey& key) {
  return [region = service.region, clock = service.clock, id = std::string(node_id),
          key](const aws::SignableRequest& request) {
    return aws::sign_request_with(request, id, region, "ssm", clock->now(),
                                  [&key](std::string_view text) { return key.sign_base64(text); });
  };
}

net::awaitable<std::unique_ptr<net::HttpClient>> connect(Service service) {
  net::DialOptions options;
  options.tls = service.tls;
  co_return co_await net::HttpClient::connect(service.endpoint, options);
}

net::awaitable<std::string> call_ssm(net::HttpClient& client, std::string operation, std::string body,
                                     Sign sign) {
  net::Request request;
  request.method = "POST";
  request.target = "/";
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", "AmazonSSM." + operation);
  request.body = std::move(body);
  sign_request(request, client.url(), sign);
  auto response = co_await client.send(std::move(request), kCallTimeout);
  if (response.status != 200) throw json_error(response.status, response.body);
  co_return std::move(response.body);
}

net::awaitable<Secret> create_channel(net::HttpClient& client, std::string path, std::string body,
                                      Sign sign) {
  net::Request request;
  request.method = "POST";
  request.target = std::move(path);
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  sign_request(request, client.url(), sign);
  const auto response = co_await client.send(std::move(request), kCallTimeout);
  // 200 with the same body is no success (control-plane.md, trap 1).
  if (response.status != 201) throw rest_error(response);
  auto token = aws::xml_element_text(response.body, "TokenValue");
  if (!token || token->empty()) throw ServiceError(response.status, "", "the response has no TokenValue");
  co_return Secret(std::move(*token));
}

net::awaitable<std::unique_ptr<net::WebSocket>> open_channel(net::HttpClient& client, std::string target,
                                                             Sign sign) {
  net::Request request;
  request.method = "GET";
  request.target = target;
  sign_request(request, client.url(), sign);
  std::optional<ServiceError> refused;
  std::unique_ptr<net::WebSocket> socket;
  try {
    socket = co_await client.upgrade(std::move(target), std::move(request.headers), {}, kCallTimeout);
  } catch (const net::UpgradeRefused& refusal) {
    refused = rest_error(refusal.response());
  }
  if (refused) throw ServiceError(*refused);
  co_return socket;
}

std::string create_control_channel_body() {
  return create_channel_body(std::nullopt);
}

std::string create_data_channel_body() {
  return create_channel_body("");
}

std::string failure_text(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    return net::describe(exception);
  } catch (...) {
    return "unknown failure";
  }
}

}  // namespace postern::agent

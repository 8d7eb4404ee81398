#include "agent/registration.h"

#include <fmt/format.h>

#include "base/uuid.h"
#include "net/error.h"

namespace postern::agent {
namespace {

struct RoleTokenRequest {
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(RoleTokenRequest, (), (fingerprint))

std::string explain(const ServiceError& error) {
  const auto& code = error.code();
  if (code == "InvalidActivation") {
    return "the service knows no such activation, or the code does not belong to it. Check --activation-id "
           "and the "
           "code, or create another activation.";
  }
  if (code == "ActivationExpired") return "the activation has expired. Create another one.";
  if (code == "RegistrationLimitExceeded") {
    return "the activation has been used as often as it allows. Create another one, or one with a higher "
           "registration "
           "limit.";
  }
  return error.what();
}

}  // namespace

net::awaitable<NodeState> register_node(Service service, RegistrationOptions options) {
  const auto key = aws::NodeKey::generate();
  NodeState state;
  state.endpoint = options.endpoint;
  state.region = options.region;
  state.fingerprint = Uuid::random().to_string();
  state.private_key = key.pem();

  RegisterManagedInstanceRequest request;
  request.activation_code = options.activation_code;
  request.activation_id = options.activation_id;
  request.fingerprint = state.fingerprint;
  request.public_key = key.public_key_base64();
  request.name = options.name;

  const auto client = co_await connect(service);
  const auto body =
      co_await call_ssm(*client, "RegisterManagedInstance", encode_json_text(request), sign_anonymously());
  const auto response = decode_json_text<RegisterManagedInstanceResponse>(body);
  if (!response || response->instance_id.empty()) {
    throw ServiceError(200, "", "the response to RegisterManagedInstance has no InstanceId");
  }
  state.node_id = response->instance_id;
  co_return state;
}

net::awaitable<RoleToken> request_role_token(net::HttpClient& client, Service service, const NodeState& node,
                                             const aws::NodeKey& key) {
  const RoleTokenRequest request{node.fingerprint};
  const auto body = co_await call_ssm(client, "RequestManagedInstanceRoleToken", encode_json_text(request),
                                      sign_with_key(service, node.node_id, key));
  auto token = decode_json_text<RoleToken>(body);
  if (!token) throw ServiceError(200, "", "the role token can't be read: " + token.error().message());
  co_return std::move(*token);
}

std::string explain_registration_failure(const std::exception_ptr& failure, const std::string& endpoint) {
  try {
    std::rethrow_exception(failure);
  } catch (const ServiceError& error) {
    return explain(error);
  } catch (const boost::system::system_error& error) {
    if (error.code() == net::Errc::kTlsFailed) {
      return fmt::format(
          "{}\nIf the service's certificate comes from an authority of your own, name its file with "
          "--ca-bundle.",
          net::describe(error));
    }
    return fmt::format(
        "cannot reach {}: {}\nCheck the endpoint, name resolution, firewalls, and https_proxy.", endpoint,
        net::describe(error));
  } catch (const std::exception& error) {
    return net::describe(error);
  }
}

}  // namespace postern::agent

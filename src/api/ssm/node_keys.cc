#include "api/access.h"
#include "api/ssm/operations.h"
#include "api/ssm/target.h"
#include "auth/authenticator.h"
#include "auth/token.h"
#include "aws/node_key.h"
#include "base/random.h"
#include "base/uuid.h"

/// How a node comes to its identity: RegisterManagedInstance, RequestManagedInstanceRoleToken,
/// UpdateManagedInstancePublicKey (control-plane.md 2.2, 2.3).
namespace postern::api::ssm {
namespace {

constexpr std::string_view kKeyTypes[] = {"Rsa"};

struct RegisterManagedInstanceRequest {
  std::string activation_id;
  Secret activation_code;
  std::string fingerprint;
  std::string public_key;
  std::string public_key_type;
  /// Our agent's addition: the name that its operator chose.
  std::optional<std::string> name;

  void validate(aws::Validation& validation) const {
    validation.length("activationId", activation_id, 36, 36);
    validation.length("fingerprint", fingerprint, 1, 64);
    validation.length("publicKey", public_key, 392, 4096);
    validation.one_of("publicKeyType", public_key_type, kKeyTypes);
    if (name) validation.length("name", *name, 1, 256);
    if (name && is_reserved_name(*name)) {
      validation.fail("name", *name, "Member must not begin with mi-, i- or tag:");
    }
  }
};
BOOST_DESCRIBE_STRUCT(RegisterManagedInstanceRequest, (),
                      (activation_id, activation_code, fingerprint, public_key, public_key_type, name))

struct RegisterManagedInstanceResponse {
  std::string instance_id;
};
BOOST_DESCRIBE_STRUCT(RegisterManagedInstanceResponse, (), (instance_id))

// Everything that depends on the activation, in one transaction, so that its limit holds under concurrent
// registrations.
Result<std::string> register_node(store::Repositories& repos, const RegisterManagedInstanceRequest& in,
                                  Timestamp now) {
  const auto activation = repos.activations.find(in.activation_id);
  // Not told apart: the id alone must not show that an activation exists.
  if (!activation || !auth::token_matches(in.activation_code.reveal(), activation->code_hash)) {
    return std::unexpected(
        aws::kInvalidActivation("The activation id or the activation code is wrong, or it was deleted."));
  }
  if (activation->expires <= now) {
    return std::unexpected(aws::kActivationExpired(
        "The activation expired at " + to_iso8601(activation->expires) + ". Create another one."));
  }
  if (!repos.activations.count_registration(in.activation_id)) {
    return std::unexpected(aws::kRegistrationLimitExceeded("The activation has registered its limit of " +
                                                           std::to_string(activation->registration_limit) +
                                                           " nodes. Create another one."));
  }
  store::Node node{.node_id = "mi-" + random_text(17, kHexAlphabet),
                   .name = in.name.value_or(activation->default_instance_name),
                   .activation_id = activation->activation_id,
                   .iam_role = activation->iam_role,
                   .public_key = in.public_key,
                   .fingerprint = in.fingerprint,
                   .registered = now};
  repos.nodes.add(node);
  if (!activation->tags.empty()) repos.tags.put(store::kNodeTags, node.node_id, activation->tags);
  return node.node_id;
}

awaitable<Result<RegisterManagedInstanceResponse>> register_managed_instance(
    Call& call, RegisterManagedInstanceRequest in) {
  if (auto ok = aws::validate_public_key(in.public_key); !ok) {
    co_return std::unexpected(aws::kInvalidPublicKey(ok.error()));
  }
  auto node_id = co_await call.services.store.run(
      [in = std::move(in), now = call.services.clock.now()](store::Repositories& repos) {
        return register_node(repos, in, now);
      });
  if (!node_id) co_return std::unexpected(std::move(node_id.error()));
  co_return RegisterManagedInstanceResponse{std::move(*node_id)};
}

awaitable<Result<auth::Access>> on_own_node(Call& call, std::string action) {
  // These two are signed with the registered key itself; temporary credentials are what they lead to.
  if (call.principal.kind != auth::PrincipalKind::kNode ||
      call.principal.access_key_id != call.principal.name) {
    co_return std::unexpected(
        aws::kAccessDenied("This operation must be signed with a managed node's registered key."));
  }
  auth::Access access{.action = std::move(action)};
  access.about(co_await node_resource(call.services, call.principal.name));
  co_return access;
}

struct RequestManagedInstanceRoleTokenRequest {
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(RequestManagedInstanceRoleTokenRequest, (), (fingerprint))

struct RequestManagedInstanceRoleTokenResponse {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  Timestamp token_expiration_date;
  bool update_key_pair = false;
};
BOOST_DESCRIBE_STRUCT(RequestManagedInstanceRoleTokenResponse, (),
                      (access_key_id, secret_access_key, session_token, token_expiration_date,
                       update_key_pair))

awaitable<Result<RequestManagedInstanceRoleTokenResponse>> request_role_token(
    Call& call, RequestManagedInstanceRoleTokenRequest in) {
  const auto now = call.services.clock.now();
  auto issued = auth::issue_node_credential(call.principal.name, now);
  const auto matched =
      co_await call.services.store.run([record = issued.record, fingerprint = in.fingerprint,
                                        now](store::Repositories& repos) -> std::optional<bool> {
        const auto node = repos.nodes.find(record.node_id);
        if (!node) return std::nullopt;
        if (node->fingerprint != fingerprint) return false;
        repos.nodes.remove_expired_credentials(now);
        repos.nodes.add_credential(record);
        return true;
      });
  if (!matched) co_return std::unexpected(aws::kInvalidInstanceId("The managed node is not registered."));
  if (!*matched) {
    co_return std::unexpected(
        aws::kMachineFingerprintDoesNotMatch("The fingerprint is not the one that " + call.principal.name +
                                             " registered with: the registration was copied to another "
                                             "machine, or its hardware changed. Register it anew."));
  }
  co_return RequestManagedInstanceRoleTokenResponse{.access_key_id = issued.record.access_key_id,
                                                    .secret_access_key = issued.record.secret,
                                                    .session_token = std::move(issued.session_token),
                                                    .token_expiration_date = issued.record.expires};
}

struct UpdateManagedInstancePublicKeyRequest {
  std::string new_public_key;
  std::string new_public_key_type;
  void validate(aws::Validation& validation) const {
    validation.length("newPublicKey", new_public_key, 392, 4096);
    validation.one_of("newPublicKeyType", new_public_key_type, kKeyTypes);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateManagedInstancePublicKeyRequest, (), (new_public_key, new_public_key_type))

awaitable<Result<Empty>> update_public_key(Call& call, UpdateManagedInstancePublicKeyRequest in) {
  if (auto ok = aws::validate_public_key(in.new_public_key); !ok) {
    co_return std::unexpected(aws::kInvalidPublicKey(ok.error()));
  }
  enum class Outcome { kUpdated, kSame, kGone };
  const auto outcome = co_await call.services.store.run(
      [id = call.principal.name, key = in.new_public_key](store::Repositories& repos) {
        const auto node = repos.nodes.find(id);
        if (!node) return Outcome::kGone;
        if (node->public_key == key) return Outcome::kSame;
        return repos.nodes.update_public_key(id, key) ? Outcome::kUpdated : Outcome::kGone;
      });
  if (outcome == Outcome::kGone)
    co_return std::unexpected(aws::kInvalidInstanceId("The managed node is not registered."));
  if (outcome == Outcome::kSame) {
    co_return std::unexpected(aws::kPublicKeyAlreadyRegistered("The node has this public key already."));
  }
  co_return Empty{};
}

template <class In>
auto on_own(std::string action) {
  return [action = std::move(action)](Call& call, In&) { return on_own_node(call, action); };
}

}  // namespace

void register_node_keys(Registry& registry) {
  registry.add("ssm", "RegisterManagedInstance",
               json_operation<RegisterManagedInstanceRequest, RegisterManagedInstanceResponse>(
                   {.caller = Caller::kAnonymous, .access = nullptr, .run = register_managed_instance}));
  registry.add(
      "ssm", "RequestManagedInstanceRoleToken",
      json_operation<RequestManagedInstanceRoleTokenRequest, RequestManagedInstanceRoleTokenResponse>(
          {.access = on_own<RequestManagedInstanceRoleTokenRequest>("ssm:RequestManagedInstanceRoleToken"),
           .run = request_role_token}));
  registry.add(
      "ssm", "UpdateManagedInstancePublicKey",
      json_operation<UpdateManagedInstancePublicKeyRequest, Empty>(
          {.access = on_own<UpdateManagedInstancePublicKeyRequest>("ssm:UpdateManagedInstancePublicKey"),
           .run = update_public_key}));
}

}  // namespace postern::api::ssm

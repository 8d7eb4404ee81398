#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/access.h"
#include "api/sts/operations.h"
#include "api/sts/role_session.h"
#include "api/sts/trust.h"
#include "api/tag_keys.h"
#include "auth/request_context.h"
#include "auth/sign_in.h"

/// AssumeRole ("AWS STS API Reference").
namespace postern::api::sts {
namespace {

constexpr aws::ErrorCode kInvalidParameterValue{"InvalidParameterValue", 400};
const aws::Pattern kExternalId(R"([\w+=,.@:/-]*)");
const aws::Pattern kSerialNumber(R"([\w+=/:,.@-]*)");
const aws::Pattern kTokenCode(R"([\d]*)");

struct AssumeRoleRequest : SessionRequest {
  std::vector<Tag> tags;
  std::vector<std::string> transitive_tag_keys;
  std::optional<std::string> external_id;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;
  std::optional<std::string> source_identity;

  store::Tags tag_map() const {
    store::Tags map;
    for (const auto& [key, value] : tags) map[key] = value;
    return map;
  }

  void validate(aws::Validation& validation) const {
    check_session_request(validation, *this);
    const auto map = tag_map();
    check_tags(validation, map, transitive_tag_keys);
    if (map.size() != tags.size()) validation.fail("tags", "...", "Member must not have the same key twice");
    check_source_identity(validation, source_identity);
    if (external_id) {
      validation.length("externalId", *external_id, 2, 1224);
      validation.pattern("externalId", *external_id, kExternalId);
    }
    if (serial_number) {
      validation.length("serialNumber", *serial_number, 9, 256);
      validation.pattern("serialNumber", *serial_number, kSerialNumber);
    }
    if (token_code) {
      validation.length("tokenCode", *token_code, 6, 6);
      validation.pattern("tokenCode", *token_code, kTokenCode);
    }
    if (serial_number.has_value() != token_code.has_value())
      validation.fail(serial_number ? "tokenCode" : "serialNumber", "null",
                      "Member must not be null: SerialNumber and TokenCode go together");
  }
};
BOOST_DESCRIBE_STRUCT(AssumeRoleRequest, (SessionRequest),
                      (tags, transitive_tag_keys, external_id, serial_number, token_code, source_identity))

struct AssumeRoleResult {
  Credentials credentials;
  AssumedRoleUser assumed_role_user;
  std::optional<int> packed_policy_size;
  std::optional<std::string> source_identity;
};
BOOST_DESCRIBE_STRUCT(AssumeRoleResult, (),
                      (credentials, assumed_role_user, packed_policy_size, source_identity))

bool is_role_session(const auth::Principal& principal) {
  return principal.kind == auth::PrincipalKind::kRoleSession || principal.kind == auth::PrincipalKind::kNode;
}

// What the session will carry: the request's, and what goes on from the caller's session.
struct Carried {
  store::Tags tags;
  std::vector<std::string> transitive;
  std::string source_identity;
};

Result<Carried> carry(const Call& call, const AssumeRoleRequest& in) {
  const auto& caller = call.principal;
  const auto requested = in.tag_map();
  Carried carried{requested, in.transitive_tag_keys, in.source_identity.value_or("")};
  for (const auto& key : carried.transitive) {
    if (!carried.tags.contains(key))
      return std::unexpected(kInvalidParameterValue("The transitive tag key '" + key +
                                                    "' must be specified in the requested tags."));
  }
  for (const auto& key : caller.transitive_tag_keys) {
    if (find_tag(requested, key) != requested.end())
      return std::unexpected(
          kInvalidParameterValue("One of the specified transitive tag keys can't be set because it conflicts "
                                 "with a transitive tag key "
                                 "from the calling session."));
    const auto tag = find_tag(caller.session_tags, key);
    if (tag == caller.session_tags.end()) continue;
    if (carried.tags.insert(*tag).second) carried.transitive.push_back(tag->first);
  }
  if (carried.tags.size() > kMaxTags)
    return std::unexpected(aws::kValidation(fmt::format(
        "The session would have {} tags, with the transitive ones of the calling session; at most "
        "{} are allowed. Request fewer.",
        carried.tags.size(), kMaxTags)));
  if (!caller.source_identity.empty()) {
    if (in.source_identity && *in.source_identity != caller.source_identity)
      return std::unexpected(
          kInvalidParameterValue("The source identity of the calling session can't be changed."));
    carried.source_identity = caller.source_identity;
  }
  return carried;
}

auth::ContextKeys keys_of(const Call& call, const AssumeRoleRequest& in, const Carried& carried) {
  auto keys = auth::tag_request_keys(carried.tags);
  keys.emplace_back("sts:RoleSessionName", in.role_session_name);
  for (const auto& key : carried.transitive) keys.emplace_back("sts:TransitiveTagKeys", key);
  if (in.external_id) keys.emplace_back("sts:ExternalId", *in.external_id);
  if (in.duration_seconds) keys.emplace_back("sts:DurationSeconds", std::to_string(*in.duration_seconds));
  if (!carried.source_identity.empty()) keys.emplace_back("sts:SourceIdentity", carried.source_identity);
  // With a long-term key the request itself has shown the device; of temporary credentials their own keys
  // tell.
  if (call.principal.mfa_time && !call.principal.token_issued)
    keys.emplace_back("aws:MultiFactorAuthPresent", "true");
  return keys;
}

// Both sides are asked about each action: the role's trust policy, and the caller's own policies.
awaitable<Result<void>> authorize_all(Call& call, auth::Resource role, auth::ContextKeys keys,
                                      const Carried& carried) {
  std::vector<std::string> actions;
  if (!carried.tags.empty()) actions.emplace_back("sts:TagSession");
  if (!carried.source_identity.empty()) actions.emplace_back("sts:SetSourceIdentity");
  // Last, so that it is what the call is remembered for.
  actions.emplace_back("sts:AssumeRole");
  for (const auto& action : actions) {
    auth::Access access{.action = action, .keys = keys};
    access.about(role);
    auto allowed = co_await authorize(call, std::move(access));
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  co_return Result<void>();
}

awaitable<Result<void>> verify_mfa(Call& call, const AssumeRoleRequest& in) {
  if (!in.serial_number) co_return Result<void>();
  if (call.principal.kind != auth::PrincipalKind::kUser)
    co_return std::unexpected(
        aws::kAccessDenied("Only users have MFA devices: SerialNumber and TokenCode can't be "
                           "given with the credentials of a role."));
  auto verified = co_await call.services.sign_in.mfa.verify(call.principal.user_id, *in.serial_number,
                                                            *in.token_code, call.source_address);
  if (verified) call.principal.mfa_time = call.services.clock.now();
  co_return verified;
}

awaitable<Result<AssumeRoleResult>> assume_role(Call& call, AssumeRoleRequest in) {
  auto verified = co_await verify_mfa(call, in);
  if (!verified) co_return std::unexpected(std::move(verified.error()));
  const auto carried = carry(call, in);
  if (!carried) co_return std::unexpected(carried.error());
  const auto found = co_await find_role(call, in.role_arn);
  auto role = role_resource(in.role_arn, found);
  auto keys = keys_of(call, in, *carried);
  auto allowed = co_await authorize_all(call, std::move(role), std::move(keys), *carried);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  if (!found) co_return std::unexpected(aws::kAccessDenied("There is no such role."));

  auto policies = co_await check_session_policies(call, static_cast<const SessionRequest&>(in));
  if (!policies) co_return std::unexpected(std::move(policies.error()));
  const auto lifetime =
      session_lifetime(in, found->role, is_role_session(call.principal) ? kMaxChainedSession : kMaxSession);
  if (!lifetime) co_return std::unexpected(lifetime.error());
  store::TemporaryCredential record{.kind = store::TemporaryCredential::Kind::kAssumedRole,
                                    .role_id = found->role.role_id,
                                    .session_name = in.role_session_name,
                                    .parent_key_id = call.principal.access_key_id,
                                    .session_tags = carried->tags,
                                    .transitive_tag_keys = carried->transitive,
                                    .source_identity = carried->source_identity};
  if (in.policy) record.session_policies.push_back(*in.policy);
  for (const auto& [arn] : in.policy_arns) record.session_policy_arns.push_back(arn);
  // A device counts for the role that its user assumes, and no further.
  if (call.principal.kind == auth::PrincipalKind::kUser) record.mfa_time = call.principal.mfa_time;
  const auto issued = co_await start_role_session(call, std::move(record), *lifetime);
  AssumeRoleResult out{.credentials = to_shape(issued),
                       .assumed_role_user = assumed_role_user(call, found->role, in.role_session_name),
                       .packed_policy_size = packed_policy_size(in, carried->tags)};
  if (!carried->source_identity.empty()) out.source_identity = carried->source_identity;
  co_return out;
}

}  // namespace

void register_assume_role(Registry& registry) {
  registry.add(
      "sts", "AssumeRole",
      query_operation<AssumeRoleRequest, AssumeRoleResult>("AssumeRole", kNamespace, {.run = assume_role}));
}

}  // namespace postern::api::sts

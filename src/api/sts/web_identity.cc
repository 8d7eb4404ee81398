#include "auth/web_identity.h"

#include <utility>

#include "api/access.h"
#include "api/sts/operations.h"
#include "api/sts/role_session.h"
#include "api/sts/trust.h"
#include "auth/request_context.h"
#include "auth/sign_in.h"

/// AssumeRoleWithWebIdentity: a role for whoever an OpenID Connect provider vouches for.
namespace postern::api::sts {
namespace {

constexpr std::string_view kScheme = "https://";

struct WebIdentityRequest : SessionRequest {
  Secret web_identity_token;

  void validate(aws::Validation& validation) const {
    check_session_request(validation, *this);
    // Without the token in the message.
    if (web_identity_token.reveal().size() < 4 || web_identity_token.reveal().size() > auth::kMaxTokenBytes)
      validation.fail("webIdentityToken", "...", "Member must have length between 4 and 20000");
  }
};
BOOST_DESCRIBE_STRUCT(WebIdentityRequest, (SessionRequest), (web_identity_token))

struct WebIdentityResult {
  Credentials credentials;
  std::string subject_from_web_identity_token;
  AssumedRoleUser assumed_role_user;
  std::optional<int> packed_policy_size;
  std::string provider;
  std::string audience;
  std::optional<std::string> source_identity;
};
BOOST_DESCRIBE_STRUCT(WebIdentityResult, (),
                      (credentials, subject_from_web_identity_token, assumed_role_user, packed_policy_size,
                       provider, audience, source_identity))

struct Bearer {
  std::string provider_arn;
  auth::WebIdentity identity;
};

// Who the token says it is, once that has been verified.
awaitable<Result<Bearer>> identify(Call& call, const Secret& text) {
  auto token = auth::parse_jwt(text.reveal());
  if (!token)
    co_return std::unexpected(
        aws::kInvalidIdentityToken("The web identity token can't be read: " + token.error() + '.'));
  const auto issuer = auth::unverified_issuer(*token);
  if (!issuer || !issuer->starts_with(kScheme))
    co_return std::unexpected(
        aws::kInvalidIdentityToken("The web identity token is not valid: its iss is not an https address."));
  auto arn = call.services.installation.iam_arn("oidc-provider", "/", issuer->substr(kScheme.size()));
  const auto provider = co_await call.services.store.read(
      [arn](store::Repositories& repos) { return repos.oidc_providers.find(arn); });
  if (!provider)
    co_return std::unexpected(
        aws::kInvalidIdentityToken("No OpenIDConnect provider found in your account for " + *issuer));
  auto verified = co_await call.services.sign_in.oidc_keys.verify(*issuer, *token);
  if (!verified) co_return std::unexpected(std::move(verified.error()));
  auto identity = auth::read_web_identity(*token, *issuer, provider->client_ids, call.services.clock.now());
  if (!identity) co_return std::unexpected(std::move(identity.error()));
  co_return Bearer{std::move(arn), std::move(*identity)};
}

auth::ContextKeys keys_of(const Call& call, const WebIdentityRequest& in, const auth::WebIdentity& identity) {
  auto keys = request_keys(call);
  auth::append(keys, auth::time_keys(call.services.clock.now()));
  auth::append(keys, auth::tag_request_keys(identity.tags));
  keys.emplace_back("sts:RoleSessionName", in.role_session_name);
  for (const auto& key : identity.transitive_tag_keys) keys.emplace_back("sts:TransitiveTagKeys", key);
  if (in.duration_seconds) keys.emplace_back("sts:DurationSeconds", std::to_string(*in.duration_seconds));
  if (!identity.source_identity.empty()) keys.emplace_back("sts:SourceIdentity", identity.source_identity);
  return keys;
}

Result<void> check_trust(Call& call, const WebIdentityRequest& in, const std::optional<FoundRole>& found,
                         const Bearer& bearer) {
  std::vector<std::string> actions = {"sts:AssumeRoleWithWebIdentity"};
  if (!bearer.identity.tags.empty()) actions.emplace_back("sts:TagSession");
  if (!bearer.identity.source_identity.empty()) actions.emplace_back("sts:SetSourceIdentity");
  const auto keys = keys_of(call, in, bearer.identity);
  for (const auto& action : actions) {
    call.action = action;
    call.resource = in.role_arn;
    if (!found || !is_trusted(*found, bearer.provider_arn, bearer.identity, action, keys)) {
      call.decision = "denied: no trust policy allows it";
      return std::unexpected(aws::kAccessDenied("Not authorized to perform " + action));
    }
    call.decision = "allowed by trust policy of role " + found->role.name;
  }
  return {};
}

// What the provider says is held to the same rules as what a caller says.
Result<void> check_claims(const auth::WebIdentity& identity) {
  aws::Validation validation;
  check_tags(validation, identity.tags, identity.transitive_tag_keys);
  if (!identity.source_identity.empty()) check_source_identity(validation, identity.source_identity);
  if (const auto error = validation.error())
    return std::unexpected(aws::kIdpRejectedClaim("The web identity token's claims: " + error->message));
  return {};
}

awaitable<Result<WebIdentityResult>> assume_role(Call& call, WebIdentityRequest in) {
  const auto bearer = co_await identify(call, in.web_identity_token);
  if (!bearer) co_return std::unexpected(bearer.error());
  const auto& identity = bearer->identity;
  if (auto ok = check_claims(identity); !ok) co_return std::unexpected(std::move(ok.error()));
  const auto found = co_await find_role(call, in.role_arn);
  if (auto ok = check_trust(call, in, found, *bearer); !ok) co_return std::unexpected(std::move(ok.error()));
  auto policies = co_await check_session_policies(call, static_cast<const SessionRequest&>(in));
  if (!policies) co_return std::unexpected(std::move(policies.error()));
  const auto lifetime = session_lifetime(in, found->role, kMaxSession);
  if (!lifetime) co_return std::unexpected(lifetime.error());

  store::TemporaryCredential record{.kind = store::TemporaryCredential::Kind::kWebIdentity,
                                    .role_id = found->role.role_id,
                                    .session_name = in.role_session_name,
                                    .session_tags = identity.tags,
                                    .transitive_tag_keys = identity.transitive_tag_keys,
                                    .source_identity = identity.source_identity,
                                    .federated_provider = bearer->provider_arn};
  if (in.policy) record.session_policies.push_back(*in.policy);
  for (const auto& [arn] : in.policy_arns) record.session_policy_arns.push_back(arn);
  const auto issued = co_await start_role_session(call, std::move(record), *lifetime);
  WebIdentityResult out{.credentials = to_shape(issued),
                        .subject_from_web_identity_token = identity.subject,
                        .assumed_role_user = assumed_role_user(call, found->role, in.role_session_name),
                        .packed_policy_size = packed_policy_size(in, identity.tags),
                        .provider = bearer->provider_arn,
                        .audience = identity.audience};
  if (!identity.source_identity.empty()) out.source_identity = identity.source_identity;
  co_return out;
}

}  // namespace

void register_web_identity(Registry& registry) {
  registry.add(
      "sts", "AssumeRoleWithWebIdentity",
      query_operation<WebIdentityRequest, WebIdentityResult>(
          "AssumeRoleWithWebIdentity", kNamespace, {.caller = Caller::kAnonymous, .run = assume_role}));
}

}  // namespace postern::api::sts

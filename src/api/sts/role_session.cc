#include "api/sts/role_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "api/tag_keys.h"
#include "aws/arn.h"
#include "aws/policies/built_in.h"
#include "iam/parse.h"
#include "iam/text.h"

namespace postern::api::sts {
namespace {

constexpr std::size_t kMaxPolicyArns = 10;
constexpr std::size_t kMaxTagKey = 128;
constexpr std::size_t kMaxTagValue = 256;
// What policies and tags of a session may take together. AWS packs them in a way of its own.
constexpr std::size_t kMaxPackedBytes = 24'576;
constexpr aws::ErrorCode kMalformedPolicyDocument{"MalformedPolicyDocument", 400};

const aws::Pattern kName(R"([\w+=,.@-]*)");
const aws::Pattern kTagText(R"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)");

std::size_t packed_bytes(const SessionRequest& request, const store::Tags& tags) {
  std::size_t bytes = request.policy.value_or("").size();
  for (const auto& [arn] : request.policy_arns) bytes += arn.size();
  for (const auto& [key, value] : tags) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace

void check_session_request(aws::Validation& validation, const SessionRequest& request) {
  validation.length("roleArn", request.role_arn, 20, 2048);
  validation.length("roleSessionName", request.role_session_name, 2, 64);
  validation.pattern("roleSessionName", request.role_session_name, kName);
  if (request.duration_seconds)
    validation.range("durationSeconds", *request.duration_seconds, kMinSession.count(), kMaxSession.count());
  if (request.policy) validation.min_length("policy", *request.policy, 1);
  validation.list_size("policyArns", "...", request.policy_arns.size(), 0, kMaxPolicyArns);
  for (const auto& [arn] : request.policy_arns) validation.length("policyArns.member.arn", arn, 20, 2048);
}

void check_tags(aws::Validation& validation, const store::Tags& tags,
                const std::vector<std::string>& transitive) {
  validation.list_size("tags", "...", tags.size(), 0, kMaxTags);
  validation.list_size("transitiveTagKeys", "...", transitive.size(), 0, kMaxTags);
  std::set<std::string> keys;
  for (const auto& [key, value] : tags) {
    validation.length("tags.member.key", key, 1, kMaxTagKey);
    validation.max_length("tags.member.value", value, kMaxTagValue);
    validation.pattern("tags.member.key", key, kTagText);
    validation.pattern("tags.member.value", value, kTagText);
    if (is_reserved_tag_key(key)) validation.fail("tags.member.key", key, "Member must not begin with aws:");
    if (!keys.insert(postern::iam::folded(key)).second)
      validation.fail("tags.member.key", key, "Member must differ from the other keys in more than case");
  }
  for (const auto& key : transitive) validation.length("transitiveTagKeys.member", key, 1, kMaxTagKey);
}

void check_source_identity(aws::Validation& validation, const std::optional<std::string>& source_identity) {
  if (!source_identity) return;
  validation.length("sourceIdentity", *source_identity, 2, 64);
  validation.pattern("sourceIdentity", *source_identity, kName);
  if (source_identity->starts_with("aws:"))
    validation.fail("sourceIdentity", *source_identity, "Member must not begin with aws:");
}

awaitable<Result<void>> check_session_policies(Call& call, SessionRequest request) {
  if (request.policy) {
    const auto policy = postern::iam::parse(*request.policy, postern::iam::PolicyKind::kSession);
    if (!policy) co_return std::unexpected(kMalformedPolicyDocument(policy.error().message()));
    const auto characters =
        postern::iam::counted_characters(*request.policy, postern::iam::kSessionPolicyLimits.rule);
    if (characters > postern::iam::kSessionPolicyLimits.characters)
      co_return std::unexpected(aws::kPackedPolicyTooLarge(
          fmt::format("The session policy has {} characters, at most {} are taken.", characters,
                      postern::iam::kSessionPolicyLimits.characters)));
  }
  const auto unknown = co_await call.services.store.read(
      [arns = request.policy_arns](store::Repositories& repos) -> std::string {
        for (const auto& [arn] : arns) {
          if (aws::find_built_in_policy(arn) == nullptr && !repos.policies.find(arn)) return arn;
        }
        return {};
      });
  if (!unknown.empty())
    co_return std::unexpected(
        aws::kValidation("PolicyArns: there is no managed policy " + unknown + " here."));
  co_return Result<void>();
}

std::optional<int> packed_policy_size(const SessionRequest& request, const store::Tags& tags) {
  const auto bytes = packed_bytes(request, tags);
  if (bytes == 0) return std::nullopt;
  return static_cast<int>((bytes * 100 + kMaxPackedBytes - 1) / kMaxPackedBytes);
}

awaitable<std::optional<FoundRole>> find_role(Call& call, std::string role_arn) {
  const auto arn = aws::Arn::parse(role_arn);
  if (!arn || arn->service != "iam" || arn->account != call.services.installation.account ||
      !arn->resource.starts_with("role/"))
    co_return std::nullopt;
  co_return co_await call.services.store.read([role_arn, name = role_arn.substr(role_arn.rfind('/') + 1)](
                                                  store::Repositories& repos) -> std::optional<FoundRole> {
    auto role = repos.roles.find_by_name(name);
    if (!role || role->arn != role_arn) return std::nullopt;
    auto tags = repos.tags.list(store::kRoleTags, role->role_id);
    return FoundRole{std::move(*role), std::move(tags)};
  });
}

Result<std::chrono::seconds> session_lifetime(const SessionRequest& request, const store::Role& role,
                                              std::chrono::seconds at_most) {
  const std::chrono::seconds wanted(
      request.duration_seconds.value_or(static_cast<int>(std::min(kDefaultSession, at_most).count())));
  if (wanted > at_most)
    return std::unexpected(
        aws::kValidation("The requested DurationSeconds exceeds the 1 hour session limit for "
                         "roles assumed by role chaining"));
  if (wanted > role.max_session)
    return std::unexpected(
        aws::kValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
  return wanted;
}

awaitable<auth::IssuedCredentials> start_role_session(Call& call, store::TemporaryCredential record,
                                                      std::chrono::seconds lifetime) {
  auto issued = auth::issue_temporary_credentials(std::move(record), call.services.clock.now(), lifetime);
  co_await call.services.store.run(
      [stored = issued.record](store::Repositories& repos) { repos.temporary_credentials.add(stored); });
  co_return issued;
}

AssumedRoleUser assumed_role_user(const Call& call, const store::Role& role,
                                  const std::string& session_name) {
  return {role.role_id + ':' + session_name,
          call.services.installation.node_role_arn(role.name, session_name)};
}

}  // namespace postern::api::sts

#include "auth/request_context.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "iam/text.h"

namespace postern::auth {
namespace {

std::string epoch_seconds(Timestamp time) {
  return std::to_string(to_unix_micros(time) / 1'000'000);
}

std::string_view type_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kAnonymous:
      return "Anonymous";
    case PrincipalKind::kUser:
      return "User";
    case PrincipalKind::kRoleSession:
    case PrincipalKind::kNode:
      return "AssumedRole";
  }
  return {};
}

// Whatever its case, as conditions have it.
bool has_key(const store::Tags& tags, std::string_view key) {
  return std::ranges::any_of(tags, [key](const auto& tag) { return iam::equal_folded(tag.first, key); });
}

}  // namespace

void append(ContextKeys& to, ContextKeys more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

ContextKeys request_keys(const Principal& principal, const RequestOrigin& origin,
                         const Installation& installation, Timestamp now) {
  ContextKeys keys = {{"aws:SourceIp", origin.source_ip},
                      {"aws:SecureTransport", origin.secure_transport ? "true" : "false"},
                      {"aws:RequestedRegion", installation.region},
                      {"aws:ViaAWSService", "false"}};
  if (!origin.user_agent.empty()) keys.emplace_back("aws:UserAgent", origin.user_agent);
  if (principal.token_issued) {
    keys.emplace_back("aws:TokenIssueTime", to_iso8601(*principal.token_issued));
    // Absent with a long-term key, as the documentation of the key insists on.
    if (principal.kind != PrincipalKind::kNode)
      keys.emplace_back("aws:MultiFactorAuthPresent", principal.mfa_time ? "true" : "false");
  }
  if (principal.mfa_time) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - *principal.mfa_time);
    keys.emplace_back("aws:MultiFactorAuthAge", std::to_string(age.count()));
  }
  return keys;
}

ContextKeys principal_keys(const Principal& principal, const store::Tags& tags,
                           const Installation& installation) {
  ContextKeys keys = {{"aws:PrincipalType", std::string(type_of(principal.kind))}};
  if (principal.kind == PrincipalKind::kAnonymous) return keys;
  const bool session =
      principal.kind == PrincipalKind::kRoleSession || principal.kind == PrincipalKind::kNode;
  keys.emplace_back("aws:PrincipalArn",
                    session && !principal.role_arn.empty() ? principal.role_arn : principal.arn);
  keys.emplace_back("aws:PrincipalAccount", principal.account);
  keys.emplace_back("aws:PrincipalIsAWSService", "false");
  keys.emplace_back("aws:userid", principal.user_id);
  if (principal.kind == PrincipalKind::kUser) keys.emplace_back("aws:username", principal.name);
  for (const auto& [key, value] : principal.session_tags) keys.emplace_back("aws:PrincipalTag/" + key, value);
  for (const auto& [key, value] : tags) {
    if (!has_key(principal.session_tags, key)) keys.emplace_back("aws:PrincipalTag/" + key, value);
  }
  if (!principal.source_identity.empty()) keys.emplace_back("aws:SourceIdentity", principal.source_identity);
  if (!principal.federated_provider.empty())
    keys.emplace_back("aws:FederatedProvider", principal.federated_provider);
  if (principal.kind == PrincipalKind::kNode) {
    keys.emplace_back("ssm:SourceInstanceARN", installation.node_arn(principal.name));
    keys.emplace_back("ec2:SourceInstanceARN", installation.instance_arn(principal.name));
  }
  return keys;
}

ContextKeys time_keys(Timestamp now) {
  return {{"aws:CurrentTime", to_iso8601(now)}, {"aws:EpochTime", epoch_seconds(now)}};
}

ContextKeys tag_request_keys(const store::Tags& tags) {
  ContextKeys keys;
  for (const auto& [key, value] : tags) {
    keys.emplace_back("aws:RequestTag/" + key, value);
    keys.emplace_back("aws:TagKeys", key);
  }
  return keys;
}

ContextKeys tag_request_keys(const std::vector<std::string>& tag_keys) {
  ContextKeys keys;
  for (const auto& key : tag_keys) keys.emplace_back("aws:TagKeys", key);
  return keys;
}

}  // namespace postern::auth

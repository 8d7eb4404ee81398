#include "api/sts/trust.h"

#include <array>
#include <memory>
#include <utility>

#include "base/log.h"
#include "iam/compiled_policy.h"
#include "iam/context.h"
#include "iam/evaluate.h"

namespace postern::api::sts {
namespace {

// Null when there is none that can be read: then nobody is trusted.
std::shared_ptr<const postern::iam::CompiledPolicy> trust_of(const FoundRole& found) {
  auto policy = postern::iam::CompiledPolicy::compile(
      found.role.trust_policy, postern::iam::PolicyKind::kTrust, "trust policy of role " + found.role.name);
  if (!policy) {
    log::error("policy_unreadable", {{"role", found.role.name}, {"problem", policy.error().message()}});
    return nullptr;
  }
  return std::make_shared<const postern::iam::CompiledPolicy>(std::move(*policy));
}

auth::ContextKeys tag_keys(const store::Tags& tags) {
  auth::ContextKeys keys;
  for (const auto& [key, value] : tags) {
    keys.emplace_back("aws:ResourceTag/" + key, value);
    keys.emplace_back("iam:ResourceTag/" + key, value);
  }
  return keys;
}

void add_identity(const auth::WebIdentity& identity, const std::string& provider_arn,
                  auth::ContextKeys& keys) {
  const auto add = [&](const std::string& claim, const std::string& value) {
    keys.emplace_back(identity.provider + ':' + claim, value);
  };
  add("sub", identity.subject);
  add("aud", identity.audience);
  for (const auto& audience : identity.audiences) add("oaud", audience);
  for (const auto& [claim, values] : identity.claims) {
    for (const auto& value : values) add(claim, value);
  }
  keys.emplace_back("aws:FederatedProvider", provider_arn);
  keys.emplace_back("aws:PrincipalType", "FederatedUser");
}

}  // namespace

auth::Resource role_resource(const std::string& role_arn, const std::optional<FoundRole>& found) {
  auth::Resource resource(role_arn);
  resource.rule = postern::iam::ResourcePolicyRule::kRequired;
  if (!found) return resource;
  resource.policy = trust_of(*found);
  resource.keys = tag_keys(found->tags);
  return resource;
}

bool is_trusted(const FoundRole& found, const std::string& provider_arn, const auth::WebIdentity& identity,
                const std::string& action, auth::ContextKeys keys) {
  const auto trust = trust_of(found);
  if (!trust) return false;
  add_identity(identity, provider_arn, keys);
  postern::iam::Context context;
  context.reserve(keys.size());
  for (const auto& [key, value] : keys) context.add(key, value);
  const auto role_keys = tag_keys(found.tags);
  postern::iam::Context role_context;
  for (const auto& [key, value] : role_keys) role_context.add(key, value);
  const std::array resources = {postern::iam::Resource{.arn = found.role.arn,
                                                       .context = &role_context,
                                                       .policy = trust.get(),
                                                       .rule = postern::iam::ResourcePolicyRule::kRequired}};
  const postern::iam::Request request{
      .principal = {.type = postern::iam::PrincipalType::kFederated, .name = provider_arn},
      .action = action,
      .resources = resources,
      .context = &context};
  return postern::iam::evaluate(request, {}).allowed();
}

}  // namespace postern::api::sts

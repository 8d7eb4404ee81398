#include "auth/effective_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/policies/built_in.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

namespace postern::auth {
namespace {

constexpr std::string_view kDenyEverything =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})";

// The name by which decisions call a policy.
std::string name_of(const store::GrantedPolicy& policy) {
  if (policy.kind == store::GrantedPolicy::Kind::kManaged) return policy.arn;
  return fmt::format("inline policy {} of {}", policy.name, policy.holder_name);
}

std::vector<const iam::CompiledPolicy*> views(const std::vector<PolicyPtr>& policies) {
  std::vector<const iam::CompiledPolicy*> out;
  out.reserve(policies.size());
  for (const auto& policy : policies) out.push_back(policy.get());
  return out;
}

// Levels from the root to the account; a level to which nothing is attached is none, as it was before service
// control policies were enabled there.
std::vector<std::vector<PolicyPtr>> service_control_levels(const store::Grants& grants,
                                                           CompiledPolicies& compiled) {
  std::vector<PolicyPtr> root;
  std::vector<PolicyPtr> account;
  for (const auto& policy : grants.service_controls) {
    const auto ptr = compiled.get(
        iam::PolicyKind::kServiceControl,
        fmt::format("service control policy {} ({})", policy.name, policy.policy_id), policy.content);
    for (const auto& target : policy.targets) (target.starts_with("r-") ? root : account).push_back(ptr);
  }
  std::vector<std::vector<PolicyPtr>> levels;
  if (!root.empty()) levels.push_back(std::move(root));
  if (!account.empty()) levels.push_back(std::move(account));
  return levels;
}

std::optional<std::string> managed_document(store::Repositories& repos, const std::string& arn) {
  if (const auto* built_in = aws::find_built_in_policy(arn))
    return std::string(built_in->default_version().document);
  const auto policy = repos.policies.find(arn);
  if (!policy) return std::nullopt;
  const auto version = repos.policies.find_version(policy->policy_id, policy->default_version);
  return version ? std::optional(version->document) : std::nullopt;
}

std::vector<PolicyPtr> session_policies(store::Repositories& repos, const Principal& principal,
                                        CompiledPolicies& compiled) {
  std::vector<PolicyPtr> policies;
  for (std::size_t i = 0; i < principal.session_policies.size(); ++i) {
    policies.push_back(compiled.get(iam::PolicyKind::kSession, fmt::format("session policy {}", i),
                                    principal.session_policies[i]));
  }
  for (const auto& arn : principal.session_policy_arns) {
    // One that was deleted meanwhile allows nothing, and the session stays limited by it.
    const auto document = managed_document(repos, arn);
    policies.push_back(
        compiled.get(iam::PolicyKind::kIdentity, arn, document ? *document : std::string(kDenyEverything)));
  }
  return policies;
}

std::string_view role_of_node(const Principal& node) {
  // arn:aws:sts::A:assumed-role/ROLE/NODE
  constexpr std::string_view kAssumed = ":assumed-role/";
  const std::string_view arn = node.arn;
  const auto begin = arn.find(kAssumed);
  if (begin == std::string_view::npos) return {};
  const auto rest = arn.substr(begin + kAssumed.size());
  const auto end = rest.rfind('/');
  auto role = rest.substr(0, end);
  // A name with its path, as activations of AWS's own set-up have it.
  if (const auto slash = role.rfind('/'); slash != std::string_view::npos) role.remove_prefix(slash + 1);
  return role;
}

std::optional<store::Grants> grants_of(store::Repositories& repos, const Principal& principal) {
  switch (principal.kind) {
    case PrincipalKind::kAnonymous:
      return store::Grants{};
    case PrincipalKind::kUser:
      return repos.grants.grants_of_user(principal.user_id);
    case PrincipalKind::kRoleSession:
      return repos.grants.grants_of_role(principal.role_id);
    case PrincipalKind::kNode: {
      const auto role = repos.roles.find_by_name(role_of_node(principal));
      return role ? repos.grants.grants_of_role(role->role_id) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

PolicyPtr CompiledPolicies::compile(iam::PolicyKind kind, const std::string& name,
                                    const std::string& document) {
  auto policy = iam::CompiledPolicy::compile(document, kind, name);
  return policy ? std::make_shared<const iam::CompiledPolicy>(std::move(*policy)) : nullptr;
}

PolicyPtr CompiledPolicies::get(iam::PolicyKind kind, const std::string& name, const std::string& document) {
  auto key = fmt::format("{}\n{}\n{}", static_cast<int>(kind), name, sha256_hex(document));
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = policies_.find(key); found != policies_.end()) {
      if (auto policy = found->second.lock()) return policy;
    }
  }
  auto policy = compile(kind, name, document);
  if (!policy) {
    log::error("policy_unreadable", {{"policy", name}});
    policy = compile(kind, name, std::string(kDenyEverything));
    POSTERN_CHECK(policy != nullptr);
  }
  const std::lock_guard lock(mutex_);
  policies_[std::move(key)] = policy;
  if (policies_.size() >= sweep_at_) {
    std::erase_if(policies_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, policies_.size() * 2);
  }
  return policy;
}

EffectivePolicies::EffectivePolicies(Lists lists, store::Tags tags, std::string arn)
    : lists_(std::move(lists)),
      tags_(std::move(tags)),
      arn_(std::move(arn)),
      identity_(views(lists_.identity)),
      session_(views(lists_.session)) {
  for (const auto& level : lists_.service_control) levels_.push_back(views(level));
  level_views_.assign(levels_.begin(), levels_.end());
}

iam::PolicySets EffectivePolicies::sets() const {
  return {.service_control = level_views_,
          .identity = identity_,
          .boundary = lists_.boundary.get(),
          .session = session_};
}

std::string policies_key(const Principal& principal) {
  switch (principal.kind) {
    case PrincipalKind::kAnonymous:
      return "anonymous";
    case PrincipalKind::kUser:
      return principal.user_id;
    case PrincipalKind::kNode:
      return fmt::format("node {}", role_of_node(principal));
    case PrincipalKind::kRoleSession:
      break;
  }
  if (principal.session_policies.empty() && principal.session_policy_arns.empty()) return principal.role_id;
  return fmt::format("{} {} {}", principal.role_id,
                     sha256_hex(fmt::format("{}", fmt::join(principal.session_policies, "\n"))),
                     fmt::join(principal.session_policy_arns, " "));
}

std::shared_ptr<const EffectivePolicies> load_policies(store::Repositories& repos, const Principal& principal,
                                                       CompiledPolicies& compiled) {
  auto grants = grants_of(repos, principal);
  if (!grants) return nullptr;
  EffectivePolicies::Lists lists{.service_control = service_control_levels(*grants, compiled)};
  for (const auto& policy : grants->policies) {
    lists.identity.push_back(compiled.get(iam::PolicyKind::kIdentity, name_of(policy), policy.document));
  }
  if (grants->boundary) {
    lists.boundary =
        compiled.get(iam::PolicyKind::kIdentity, name_of(*grants->boundary), grants->boundary->document);
  }
  lists.session = session_policies(repos, principal, compiled);
  return std::make_shared<const EffectivePolicies>(std::move(lists), std::move(grants->tags),
                                                   std::move(grants->arn));
}

}  // namespace postern::auth

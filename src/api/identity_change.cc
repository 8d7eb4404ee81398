#include "api/identity_change.h"

#include <algorithm>
#include <deque>
#include <set>

#include "aws/policies/built_in.h"
#include "iam/compiled_policy.h"
#include "iam/evaluate.h"

namespace postern::api {
namespace {

namespace policy = postern::iam;

// Who may attach policies to himself may do everything; whoever may do less is no administrator.
constexpr std::string_view kTelling = "iam:AttachUserPolicy";

bool may_administer(const store::Grants& grants, const std::string& account) {
  std::deque<policy::CompiledPolicy> compiled;
  const auto compile = [&](const store::GrantedPolicy& granted) -> const policy::CompiledPolicy* {
    auto made =
        policy::CompiledPolicy::compile(granted.document, policy::PolicyKind::kIdentity, granted.name);
    return made ? &compiled.emplace_back(std::move(*made)) : nullptr;
  };
  std::vector<const policy::CompiledPolicy*> identity;
  for (const auto& granted : grants.policies) {
    if (const auto* made = compile(granted)) identity.push_back(made);
  }
  const policy::Resource resource{.arn = grants.arn};
  const policy::Request request{.principal = {.type = policy::PrincipalType::kUser,
                                              .arn = grants.arn,
                                              .account = account,
                                              .unique_id = grants.principal_id},
                                .action = kTelling,
                                .resources = {&resource, 1}};
  policy::PolicySets sets{.identity = identity};
  if (grants.boundary) {
    sets.boundary = compile(*grants.boundary);
    if (sets.boundary == nullptr) return false;
  }
  return policy::evaluate(request, sets).allowed();
}

bool can_enter(store::Repositories& repos, const std::string& user_id) {
  if (repos.login_profiles.find(user_id)) return true;
  return std::ranges::any_of(repos.users.keys_of(user_id), [](const store::AccessKey& key) {
    return key.status == store::KeyStatus::kActive;
  });
}

// Those of the policy that makes an administrator, first.
std::vector<std::string> candidates(store::Repositories& repos) {
  std::vector<std::string> ids;
  for (const auto& holder : repos.attachments.holders_of(aws::kAdministratorAccess)) {
    if (holder.starts_with("AIDA")) ids.push_back(holder);
    for (const auto& member : repos.groups.members(holder)) ids.push_back(member.user_id);
  }
  for (const auto& user : repos.users.list()) ids.push_back(user.user_id);
  return ids;
}

}  // namespace

bool has_administrator(store::Repositories& repos, const auth::Installation& installation) {
  std::set<std::string> seen;
  return std::ranges::any_of(candidates(repos), [&](const std::string& user_id) {
    if (!seen.insert(user_id).second || !can_enter(repos, user_id)) return false;
    const auto grants = repos.grants.grants_of_user(user_id);
    return grants && may_administer(*grants, installation.account);
  });
}

void detail::require_administrator(store::Repositories& repos, const auth::Installation& installation,
                                   bool before) {
  if (!before || has_administrator(repos, installation)) return;
  throw Refusal({"DeleteConflict", 409,
                 "This would leave no administrator: no user with an active access key or a password could "
                 "give permissions any more. Make another user an administrator first."});
}

}  // namespace postern::api

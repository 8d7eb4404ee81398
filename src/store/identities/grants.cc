#include <algorithm>

#include "aws/policies/built_in.h"
#include "base/log.h"
#include "store/identities/rows.h"
#include "store/identity_repositories.h"
#include "store/repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kDenyEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]})";

// The principal or one of its groups, by id.
std::string holder_name(const Grants& grants, const std::string& holder_id) {
  if (holder_id == grants.principal_id) return grants.name;
  const auto group = std::ranges::find(grants.groups, holder_id, &Group::group_id);
  return group == grants.groups.end() ? std::string() : group->name;
}

// A managed policy at its default version, customer's or built in; nothing when it is neither.
std::optional<GrantedPolicy> managed_policy(soci::session& sql, const std::string& arn) {
  if (const auto* built_in = aws::find_built_in_policy(arn)) {
    const auto& version = built_in->default_version();
    return GrantedPolicy{.kind = GrantedPolicy::Kind::kManaged,
                         .name = std::string(built_in->name),
                         .arn = arn,
                         .version_id = "v" + std::to_string(version.number),
                         .document = std::string(version.document)};
  }
  return first(select(sql,
                      "SELECT p.name, v.version, v.document FROM policies p JOIN policy_versions v"
                      " ON v.policy_id = p.policy_id AND v.version = p.default_version WHERE p.arn = :arn",
                      {arn}),
               [&arn](Row& row) {
                 return GrantedPolicy{.kind = GrantedPolicy::Kind::kManaged,
                                      .name = row.text(),
                                      .arn = arn,
                                      .version_id = "v" + std::to_string(row.integer()),
                                      .document = row.text()};
               });
}

std::optional<GrantedPolicy> boundary_of(soci::session& sql, const std::string& principal_id,
                                         const std::string& name, const std::string& arn) {
  if (arn.empty()) return std::nullopt;
  auto boundary = managed_policy(sql, arn);
  // A boundary whose policy is gone must not vanish with it: it allows nothing.
  if (!boundary) boundary = GrantedPolicy{.arn = arn, .document = std::string(kDenyEverything)};
  boundary->holder_id = principal_id;
  boundary->holder_name = name;
  return boundary;
}

}  // namespace

void GrantRepository::add_policies(Grants& grants) {
  // Of the principal and of its groups; a role is in none.
  constexpr std::string_view kHolders =
      "(holder_id = :id OR holder_id IN (SELECT group_id FROM group_members WHERE user_id = :again))";
  const std::vector<Value> id = {grants.principal_id, grants.principal_id};
  for (auto& row : select(sql_,
                          std::string("SELECT holder_id, policy_arn FROM attached_policies WHERE ")
                              .append(kHolders)
                              .append(" ORDER BY holder_id, policy_arn"),
                          id)) {
    auto holder_id = row.text();
    const auto arn = row.text();
    auto policy = managed_policy(sql_, arn);
    if (!policy) {
      log::error("attached_policy_missing", {{"holder_id", holder_id}, {"policy_arn", arn}});
      continue;
    }
    policy->holder_name = holder_name(grants, holder_id);
    policy->holder_id = std::move(holder_id);
    grants.policies.push_back(std::move(*policy));
  }
  for (auto& row : select(sql_,
                          std::string("SELECT holder_id, name, document FROM inline_policies WHERE ")
                              .append(kHolders)
                              .append(" ORDER BY holder_id, name"),
                          id)) {
    GrantedPolicy policy{.kind = GrantedPolicy::Kind::kInline, .holder_id = row.text()};
    policy.holder_name = holder_name(grants, policy.holder_id);
    policy.name = row.text();
    policy.document = row.text();
    grants.policies.push_back(std::move(policy));
  }
  for (auto& control : ServiceControlRepository(sql_).list()) {
    if (!control.targets.empty()) grants.service_controls.push_back(std::move(control));
  }
}

std::optional<Grants> GrantRepository::grants_of_user(std::string_view user_id) {
  const auto found = first(
      select(sql_, std::string("SELECT ").append(kUserColumns) + " FROM users u WHERE u.user_id = :user_id",
             {user_id}),
      user_from);
  if (!found) return std::nullopt;
  Grants grants{.generation = IdentityGeneration(sql_).current(),
                .principal_id = found->user_id,
                .name = found->name,
                .path = found->path,
                .arn = found->arn,
                .tags = TagRepository(sql_).list(kUserTags, user_id),
                .groups = GroupRepository(sql_).groups_of(user_id),
                .boundary = boundary_of(sql_, found->user_id, found->name, found->boundary_arn)};
  add_policies(grants);
  return grants;
}

std::optional<Grants> GrantRepository::grants_of_role(std::string_view role_id) {
  const auto found = RoleRepository(sql_).find(role_id);
  if (!found) return std::nullopt;
  Grants grants{.generation = IdentityGeneration(sql_).current(),
                .principal_id = found->role_id,
                .name = found->name,
                .path = found->path,
                .arn = found->arn,
                .tags = TagRepository(sql_).list(kRoleTags, role_id),
                .boundary = boundary_of(sql_, found->role_id, found->name, found->boundary_arn)};
  add_policies(grants);
  return grants;
}

}  // namespace postern::store

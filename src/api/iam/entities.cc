#include "api/iam/entities.h"

#include <algorithm>
#include <charconv>

#include "api/iam/errors.h"
#include "aws/policies/built_in.h"

namespace postern::api::iam {
namespace {

template <class T>
T require(std::optional<T> found, std::string_view kind, const std::string& name) {
  if (!found) refuse(kNoSuchEntity, "The " + std::string(kind) + " with name " + name + " cannot be found.");
  return std::move(*found);
}

PolicyView view_of(const store::ManagedPolicy& policy) {
  return {.policy_id = policy.policy_id,
          .name = policy.name,
          .path = policy.path,
          .arn = policy.arn,
          .description = policy.description,
          .default_version = policy.default_version,
          .created = policy.created,
          .updated = policy.updated};
}

PolicyView view_of(const aws::BuiltInPolicy& policy) {
  return {.policy_id = std::string(policy.policy_id),
          .name = std::string(policy.name),
          .path = std::string(policy.path),
          .arn = std::string(policy.arn),
          .description = std::string(policy.description),
          .default_version = policy.default_version().number,
          .created = policy.versions.front().created,
          .updated = policy.default_version().created,
          .built_in = true};
}

}  // namespace

store::User user_named(store::Repositories& repos, const std::string& name) {
  return require(repos.users.find_by_name(name), "user", name);
}

store::Group group_named(store::Repositories& repos, const std::string& name) {
  return require(repos.groups.find_by_name(name), "group", name);
}

store::Role role_named(store::Repositories& repos, const std::string& name) {
  return require(repos.roles.find_by_name(name), "role", name);
}

store::InstanceProfile profile_named(store::Repositories& repos, const std::string& name) {
  auto found = repos.instance_profiles.find_by_name(name);
  if (!found) refuse(kNoSuchEntity, "Instance Profile " + name + " cannot be found.");
  return std::move(*found);
}

std::optional<PolicyView> find_policy(store::Repositories& repos, std::string_view arn) {
  if (const auto* built_in = aws::find_built_in_policy(arn)) return view_of(*built_in);
  const auto found = repos.policies.find(arn);
  if (!found) return std::nullopt;
  return view_of(*found);
}

PolicyView policy_at(store::Repositories& repos, const std::string& arn) {
  auto found = find_policy(repos, arn);
  if (!found) refuse(kNoSuchEntity, "Policy " + arn + " was not found.");
  return std::move(*found);
}

store::ManagedPolicy own_policy_at(store::Repositories& repos, const std::string& arn) {
  if (aws::find_built_in_policy(arn) != nullptr) {
    refuse(aws::kAccessDenied,
           "The policy " + arn + " is built in: nobody can change it. Make a copy of it.");
  }
  auto found = repos.policies.find(arn);
  if (!found) refuse(kNoSuchEntity, "Policy " + arn + " was not found.");
  return std::move(*found);
}

std::vector<PolicyView> all_policies(store::Repositories& repos, std::string_view path_prefix) {
  std::vector<PolicyView> all;
  for (const auto& policy : repos.policies.list(path_prefix)) all.push_back(view_of(policy));
  for (const auto& policy : aws::built_in_policies()) {
    if (policy.path.starts_with(path_prefix)) all.push_back(view_of(policy));
  }
  return all;
}

std::vector<store::PolicyVersion> versions_of(store::Repositories& repos, const PolicyView& policy) {
  if (const auto* built_in = aws::find_built_in_policy(policy.arn)) {
    std::vector<store::PolicyVersion> versions;
    for (const auto& version : built_in->versions)
      versions.push_back({version.number, std::string(version.document), version.created});
    return versions;
  }
  auto versions = repos.policies.versions(policy.policy_id);
  std::ranges::reverse(versions);
  return versions;
}

std::string version_id(std::int64_t version) {
  return "v" + std::to_string(version);
}

std::optional<std::int64_t> version_number(std::string_view id) {
  if (id.size() < 2 || id.front() != 'v' || id[1] < '1' || id[1] > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto* end = id.data() + id.size();
  const auto parsed = std::from_chars(id.data() + 1, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace postern::api::iam

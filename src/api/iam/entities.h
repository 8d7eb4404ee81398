#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/repositories.h"

/// Finding what a request names, inside a transaction. All throw Refusal with NoSuchEntity when it is not
/// there.
namespace postern::api::iam {

store::User user_named(store::Repositories& repos, const std::string& name);
store::Group group_named(store::Repositories& repos, const std::string& name);
store::Role role_named(store::Repositories& repos, const std::string& name);
store::InstanceProfile profile_named(store::Repositories& repos, const std::string& name);

/// A managed policy, a customer's or a built-in one.
struct PolicyView {
  std::string policy_id;
  std::string name;
  std::string path;
  std::string arn;
  std::string description;
  std::int64_t default_version = 1;
  Timestamp created;
  Timestamp updated;
  bool built_in = false;
};

std::optional<PolicyView> find_policy(store::Repositories& repos, std::string_view arn);
PolicyView policy_at(store::Repositories& repos, const std::string& arn);
/// Refuses a built-in policy too, with AccessDenied as AWS does: nobody can change those.
store::ManagedPolicy own_policy_at(store::Repositories& repos, const std::string& arn);
/// Customer managed ones and then the built-in ones, each by name.
std::vector<PolicyView> all_policies(store::Repositories& repos, std::string_view path_prefix);

/// Oldest first.
std::vector<store::PolicyVersion> versions_of(store::Repositories& repos, const PolicyView& policy);

/// `v3`
std::string version_id(std::int64_t version);
/// Nothing when it is no version id.
std::optional<std::int64_t> version_number(std::string_view id);

}  // namespace postern::api::iam

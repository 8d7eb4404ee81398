#pragma once

#include <optional>
#include <string>

#include "api/iam/access.h"
#include "api/iam/requests.h"

/// Users, groups and roles as those that have policies: most operations exist three times over, once for
/// each.
namespace postern::api::iam {

/// What differs between the three: the member that names one (`UserName`), and whom it names.
struct OfUser {
  static constexpr auto kKind = Kind::kUser;
  static constexpr std::string_view kName = "User";
  static constexpr auto kInlineLimits = postern::iam::kUserInlineLimits;
  static std::string id(store::Repositories& repos, const std::string& name) {
    return user_named(repos, name).user_id;
  }
};
struct OfGroup {
  static constexpr auto kKind = Kind::kGroup;
  static constexpr std::string_view kName = "Group";
  static constexpr auto kInlineLimits = postern::iam::kGroupInlineLimits;
  static std::string id(store::Repositories& repos, const std::string& name) {
    return group_named(repos, name).group_id;
  }
};
struct OfRole {
  static constexpr auto kKind = Kind::kRole;
  static constexpr std::string_view kName = "Role";
  static constexpr auto kInlineLimits = postern::iam::kRoleInlineLimits;
  static std::string id(store::Repositories& repos, const std::string& name) {
    return role_named(repos, name).role_id;
  }
};

/// The member of a request that names the holder, under the name that the API gives it.
struct NamesUser {
  using Of = OfUser;
  std::string user_name;
  const std::string& holder() const { return user_name; }
  void check_holder(aws::Validation& validation) const { check_user_name(validation, "userName", user_name); }
};
BOOST_DESCRIBE_STRUCT(NamesUser, (), (user_name))
struct NamesGroup {
  using Of = OfGroup;
  std::string group_name;
  const std::string& holder() const { return group_name; }
  void check_holder(aws::Validation& validation) const {
    check_long_name(validation, "groupName", group_name);
  }
};
BOOST_DESCRIBE_STRUCT(NamesGroup, (), (group_name))
struct NamesRole {
  using Of = OfRole;
  std::string role_name;
  const std::string& holder() const { return role_name; }
  void check_holder(aws::Validation& validation) const { check_user_name(validation, "roleName", role_name); }
};
BOOST_DESCRIBE_STRUCT(NamesRole, (), (role_name))

/// The action on the holder that the request names.
template <class In>
auto on_holder(std::string action) {
  return [action = "iam:" + action](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auto resource = co_await identity_resource(call, In::Of::kKind, in.holder());
    co_return detail::access_to(action, std::move(resource), in);
  };
}

}  // namespace postern::api::iam

#include "api/iam/access.h"

#include "api/iam/entities.h"
#include "store/repositories.h"

namespace postern::api::iam {
namespace {

struct Known {
  std::string arn;
  store::Tags tags;
};

auth::Resource known_resource(const Known& known) {
  auth::Resource resource(known.arn);
  for (const auto& [key, value] : known.tags) {
    resource.keys.emplace_back("aws:ResourceTag/" + key, value);
    resource.keys.emplace_back("iam:ResourceTag/" + key, value);
  }
  return resource;
}

std::optional<Known> find_known(store::Repositories& repos, Kind kind, const std::string& name) {
  switch (kind) {
    case Kind::kUser:
      if (const auto user = repos.users.find_by_name(name))
        return Known{user->arn, repos.tags.list(store::kUserTags, user->user_id)};
      break;
    case Kind::kGroup:
      if (const auto group = repos.groups.find_by_name(name)) return Known{group->arn, {}};
      break;
    case Kind::kRole:
      if (const auto role = repos.roles.find_by_name(name))
        return Known{role->arn, repos.tags.list(store::kRoleTags, role->role_id)};
      break;
    case Kind::kInstanceProfile:
      if (const auto profile = repos.instance_profiles.find_by_name(name))
        return Known{profile->arn, repos.tags.list(store::kInstanceProfileTags, profile->profile_id)};
      break;
  }
  return std::nullopt;
}

std::string arn_kind(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "user";
    case Kind::kGroup:
      return "group";
    case Kind::kRole:
      return "role";
    case Kind::kInstanceProfile:
      break;
  }
  return "instance-profile";
}

}  // namespace

awaitable<auth::Resource> identity_resource(Call& call, Kind kind, std::string name) {
  const auto known = co_await call.services.store.read(
      [kind, name](store::Repositories& repos) { return find_known(repos, kind, name); });
  if (known) co_return known_resource(*known);
  co_return auth::Resource(call.services.installation.iam_arn(arn_kind(kind), "/", name));
}

awaitable<auth::Resource> policy_resource(Call& call, std::string arn) {
  const auto known = co_await call.services.store.read([arn](store::Repositories& repos) {
    const auto policy = repos.policies.find(arn);
    return Known{arn, policy ? repos.tags.list(store::kPolicyTags, policy->policy_id) : store::Tags{}};
  });
  co_return known_resource(known);
}

auth::Resource new_resource(const Call& call, std::string_view kind, const std::optional<std::string>& path,
                            const std::string& name) {
  return auth::Resource(call.services.installation.iam_arn(std::string(kind), path.value_or("/"), name));
}

auth::Resource moved_resource(const Call& call, Kind kind, const auth::Resource& now,
                              const std::optional<std::string>& new_name,
                              const std::optional<std::string>& new_path) {
  const auto path_at = now.arn.find('/');
  const auto name_at = now.arn.rfind('/') + 1;
  return new_resource(call, arn_kind(kind), new_path.value_or(now.arn.substr(path_at, name_at - path_at)),
                      new_name.value_or(now.arn.substr(name_at)));
}

Result<std::string> own_user_name(const Call& call) {
  if (call.principal.kind == auth::PrincipalKind::kUser) return call.principal.name;
  return std::unexpected(aws::kValidation("Must specify userName when calling with non-User credentials"));
}

}  // namespace postern::api::iam

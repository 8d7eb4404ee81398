#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"

/// CreateInstanceProfile, GetInstanceProfile, DeleteInstanceProfile, ListInstanceProfiles,
/// AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile, ListInstanceProfilesForRole.
namespace postern::api::iam {
namespace {

struct ProfileResponse {
  InstanceProfileShape instance_profile;
};
BOOST_DESCRIBE_STRUCT(ProfileResponse, (), (instance_profile))

struct CreateProfileRequest {
  std::string instance_profile_name;
  std::optional<std::string> path;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "instanceProfileName", instance_profile_name);
    check_path(validation, path);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateProfileRequest, (), (instance_profile_name, path, tags))

awaitable<Result<ProfileResponse>> create_profile(Call& call, CreateProfileRequest in) {
  const auto path = in.path.value_or("/");
  store::InstanceProfile profile{
      .profile_id = aws::make_unique_id(aws::kInstanceProfileIdPrefix),
      .name = in.instance_profile_name,
      .path = path,
      .arn = call.services.installation.iam_arn("instance-profile", path, in.instance_profile_name),
      .created = call.services.clock.now()};
  return change_identities(
      call, [in = std::move(in), profile = std::move(profile)](store::Repositories& repos) {
        if (repos.instance_profiles.is_name_taken(profile.name))
          refuse(kEntityAlreadyExists, "Instance Profile " + profile.name + " already exists.");
        require_below(repos.instance_profiles.count(), kMaxInstanceProfiles, "InstanceProfilesPerAccount");
        require_tags({}, in.tags);
        repos.instance_profiles.add(profile);
        repos.tags.put(store::kInstanceProfileTags, profile.profile_id, to_record(in.tags));
        return ProfileResponse{to_shape(repos, profile, Detail::kWhole)};
      });
}

struct ProfileRequest {
  std::string instance_profile_name;
  void validate(aws::Validation& validation) const {
    check_long_name(validation, "instanceProfileName", instance_profile_name);
  }
};
BOOST_DESCRIBE_STRUCT(ProfileRequest, (), (instance_profile_name))

awaitable<Result<ProfileResponse>> get_profile(Call& call, ProfileRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    return ProfileResponse{to_shape(repos, profile_named(repos, in.instance_profile_name), Detail::kWhole)};
  });
}

awaitable<Result<Empty>> delete_profile(Call& call, ProfileRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto profile = profile_named(repos, in.instance_profile_name);
    if (profile.role_id)
      refuse(kDeleteConflict, "Cannot delete entity, must remove roles from instance profile first.");
    repos.instance_profiles.remove(profile.profile_id);
  });
}

struct ListProfilesResponse {
  std::vector<InstanceProfileShape> instance_profiles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListProfilesResponse, (), (instance_profiles, is_truncated, marker))

std::vector<InstanceProfileShape> to_shapes(store::Repositories& repos,
                                            const std::vector<store::InstanceProfile>& profiles) {
  std::vector<InstanceProfileShape> shapes;
  for (const auto& profile : profiles) shapes.push_back(to_shape(repos, profile, Detail::kListed));
  return shapes;
}

std::string profile_name(const InstanceProfileShape& profile) {
  return profile.instance_profile_name;
}

awaitable<Result<ListProfilesResponse>> list_profiles(Call& call, ListByPathRequest in) {
  auto profiles = co_await call.services.store.read([in](store::Repositories& repos) {
    return to_shapes(repos, repos.instance_profiles.list(in.path_prefix.value_or("/")));
  });
  co_return paged(call, "ListInstanceProfiles", in, std::move(profiles), ListProfilesResponse{},
                  &ListProfilesResponse::instance_profiles, profile_name);
}

struct ListProfilesForRoleRequest {
  std::string role_name;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "roleName", role_name);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListProfilesForRoleRequest, (), (role_name, marker, max_items))

awaitable<Result<ListProfilesResponse>> list_profiles_for_role(Call& call, ListProfilesForRoleRequest in) {
  auto profiles = co_await read_identities(call, [name = in.role_name](store::Repositories& repos) {
    return to_shapes(repos, repos.instance_profiles.list_with_role(role_named(repos, name).role_id));
  });
  if (!profiles) co_return std::unexpected(std::move(profiles.error()));
  co_return paged(call, "ListInstanceProfilesForRole " + in.role_name, in, std::move(*profiles),
                  ListProfilesResponse{}, &ListProfilesResponse::instance_profiles, profile_name);
}

struct RoleInProfileRequest {
  std::string instance_profile_name;
  std::string role_name;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "instanceProfileName", instance_profile_name);
    check_user_name(validation, "roleName", role_name);
  }
};
BOOST_DESCRIBE_STRUCT(RoleInProfileRequest, (), (instance_profile_name, role_name))

// Whoever puts a role into a profile hands it to the machines that have the profile.
awaitable<Result<void>> may_add_role(Call& call, RoleInProfileRequest& in) {
  const auto access =
      on<Kind::kInstanceProfile>("AddRoleToInstanceProfile", &RoleInProfileRequest::instance_profile_name);
  auto asked = co_await access(call, in);
  if (!asked) co_return std::unexpected(std::move(asked.error()));
  auto allowed = co_await authorize(call, std::move(*asked));
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  const auto role = co_await identity_resource(call, Kind::kRole, in.role_name);
  co_return co_await authorize(call, pass_role(role.arn, "ec2.amazonaws.com"));
}

awaitable<Result<Empty>> add_role(Call& call, RoleInProfileRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto profile = profile_named(repos, in.instance_profile_name);
    const auto role = role_named(repos, in.role_name);
    if (profile.role_id)
      refuse(kLimitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    repos.instance_profiles.set_role(profile.profile_id, role.role_id);
  });
}

awaitable<Result<Empty>> remove_role(Call& call, RoleInProfileRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto profile = profile_named(repos, in.instance_profile_name);
    const auto role = role_named(repos, in.role_name);
    if (profile.role_id != role.role_id)
      refuse(kNoSuchEntity,
             "The instance profile " + profile.name + " does not have the role " + role.name + '.');
    repos.instance_profiles.set_role(profile.profile_id, std::nullopt);
  });
}

}  // namespace

void register_instance_profiles(Registry& registry) {
  constexpr auto kKind = Kind::kInstanceProfile;
  add<CreateProfileRequest, ProfileResponse>(registry, "CreateInstanceProfile",
                                             {.access = on_new("CreateInstanceProfile", "instance-profile",
                                                               &CreateProfileRequest::instance_profile_name),
                                              .run = create_profile});
  add<ProfileRequest, ProfileResponse>(
      registry, "GetInstanceProfile",
      {.access = on<kKind>("GetInstanceProfile", &ProfileRequest::instance_profile_name),
       .run = get_profile});
  add<ProfileRequest, Empty>(
      registry, "DeleteInstanceProfile",
      {.access = on<kKind>("DeleteInstanceProfile", &ProfileRequest::instance_profile_name),
       .run = delete_profile});
  add<ListByPathRequest, ListProfilesResponse>(
      registry, "ListInstanceProfiles",
      {.access = on_all("ListInstanceProfiles", "instance-profile"), .run = list_profiles});
  add<ListProfilesForRoleRequest, ListProfilesResponse>(
      registry, "ListInstanceProfilesForRole",
      {.access = on<Kind::kRole>("ListInstanceProfilesForRole", &ListProfilesForRoleRequest::role_name),
       .run = list_profiles_for_role});
  add<RoleInProfileRequest, Empty>(registry, "AddRoleToInstanceProfile",
                                   {.run = add_role, .permit = may_add_role});
  add<RoleInProfileRequest, Empty>(
      registry, "RemoveRoleFromInstanceProfile",
      {.access = on<kKind>("RemoveRoleFromInstanceProfile", &RoleInProfileRequest::instance_profile_name),
       .run = remove_role});
}

}  // namespace postern::api::iam

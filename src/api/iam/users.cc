#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"

/// CreateUser, GetUser, UpdateUser, DeleteUser, ListUsers.
namespace postern::api::iam {
namespace {

struct UserResponse {
  UserShape user;
};
BOOST_DESCRIBE_STRUCT(UserResponse, (), (user))

struct CreateUserRequest {
  std::string user_name;
  std::optional<std::string> path;
  std::optional<std::string> permissions_boundary;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "userName", user_name);
    check_path(validation, path);
    if (permissions_boundary) check_policy_arn(validation, "permissionsBoundary", *permissions_boundary);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateUserRequest, (), (user_name, path, permissions_boundary, tags))

awaitable<Result<UserResponse>> create_user(Call& call, CreateUserRequest in) {
  const auto path = in.path.value_or("/");
  store::User user{.user_id = aws::make_unique_id(aws::kUserIdPrefix),
                   .name = in.user_name,
                   .path = path,
                   .arn = call.services.installation.iam_arn("user", path, in.user_name),
                   .created = call.services.clock.now(),
                   .boundary_arn = in.permissions_boundary.value_or("")};
  return change_identities(call, [in = std::move(in), user = std::move(user)](store::Repositories& repos) {
    if (repos.users.is_name_taken(user.name))
      refuse(kEntityAlreadyExists, "User with name " + user.name + " already exists.");
    require_below(repos.users.count(), kMaxUsers, "UsersPerAccount");
    if (!user.boundary_arn.empty()) policy_at(repos, user.boundary_arn);
    require_tags({}, in.tags);
    repos.users.add(user);
    repos.tags.put(store::kUserTags, user.user_id, to_record(in.tags));
    return UserResponse{to_shape(repos, user, Detail::kWhole)};
  });
}

struct GetUserRequest {
  std::optional<std::string> user_name;

  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
  }
};
BOOST_DESCRIBE_STRUCT(GetUserRequest, (), (user_name))

awaitable<Result<UserResponse>> get_user(Call& call, GetUserRequest in) {
  return read_identities(call, [name = *in.user_name](store::Repositories& repos) {
    return UserResponse{to_shape(repos, user_named(repos, name), Detail::kWhole)};
  });
}

struct UpdateUserRequest {
  std::string user_name;
  std::optional<std::string> new_user_name;
  std::optional<std::string> new_path;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "userName", user_name);
    if (new_user_name) check_user_name(validation, "newUserName", *new_user_name);
    check_path(validation, new_path);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateUserRequest, (), (user_name, new_user_name, new_path))

awaitable<Result<Empty>> update_user(Call& call, UpdateUserRequest in) {
  return change_identities(
      call, [in = std::move(in), &names = call.services.installation](store::Repositories& repos) {
        auto user = user_named(repos, in.user_name);
        const auto name = in.new_user_name.value_or(user.name);
        if (!is_same_name(name, user.name) && repos.users.is_name_taken(name))
          refuse(kEntityAlreadyExists, "User with name " + name + " already exists.");
        user.name = name;
        user.path = in.new_path.value_or(user.path);
        user.arn = names.iam_arn("user", user.path, user.name);
        repos.users.update(user);
      });
}

struct DeleteUserRequest {
  std::string user_name;
  void validate(aws::Validation& validation) const { check_user_name(validation, "userName", user_name); }
};
BOOST_DESCRIBE_STRUCT(DeleteUserRequest, (), (user_name))

// What stands in the way beside policies, in AWS's words; nothing when the user may go.
const char* reason_to_keep(store::Repositories& repos, const std::string& user_id) {
  if (!repos.users.keys_of(user_id).empty()) return "Cannot delete entity, must delete access keys first.";
  if (!repos.groups.groups_of(user_id).empty())
    return "Cannot delete entity, must remove users from group first.";
  if (repos.login_profiles.find(user_id)) return "Cannot delete entity, must delete login profile first.";
  if (!repos.mfa_devices.devices_of(user_id).empty())
    return "Cannot delete entity, must delete MFA device first.";
  return nullptr;
}

awaitable<Result<Empty>> delete_user(Call& call, DeleteUserRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto user = user_named(repos, in.user_name);
    require_no_policies(repos, user.user_id);
    if (const auto* reason = reason_to_keep(repos, user.user_id)) refuse(kDeleteConflict, reason);
    repos.users.remove(user.user_id);
  });
}

struct ListUsersResponse {
  std::vector<UserShape> users;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListUsersResponse, (), (users, is_truncated, marker))

awaitable<Result<ListUsersResponse>> list_users(Call& call, ListByPathRequest in) {
  auto users = co_await call.services.store.read([in](store::Repositories& repos) {
    std::vector<UserShape> all;
    for (const auto& user : repos.users.list(in.path_prefix.value_or("/")))
      all.push_back(to_shape(repos, user, Detail::kListed));
    return all;
  });
  co_return paged(call, "ListUsers", in, std::move(users), ListUsersResponse{}, &ListUsersResponse::users,
                  [](const UserShape& user) { return user.user_name; });
}

}  // namespace

void register_users(Registry& registry) {
  add<CreateUserRequest, UserResponse>(
      registry, "CreateUser",
      {.access = on_new("CreateUser", "user", &CreateUserRequest::user_name), .run = create_user});
  add<GetUserRequest, UserResponse>(
      registry, "GetUser",
      {.access = on<Kind::kUser>("GetUser", &GetUserRequest::user_name), .run = get_user});
  add<UpdateUserRequest, Empty>(registry, "UpdateUser",
                                {.access = on_moved<Kind::kUser>("UpdateUser", &UpdateUserRequest::user_name,
                                                                 &UpdateUserRequest::new_user_name),
                                 .run = update_user});
  add<DeleteUserRequest, Empty>(
      registry, "DeleteUser",
      {.access = on<Kind::kUser>("DeleteUser", &DeleteUserRequest::user_name), .run = delete_user});
  add<ListByPathRequest, ListUsersResponse>(registry, "ListUsers",
                                            {.access = on_all("ListUsers", "user"), .run = list_users});
}

}  // namespace postern::api::iam

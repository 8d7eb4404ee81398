#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"

/// CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, AddUserToGroup, RemoveUserFromGroup,
/// ListGroupsForUser.
namespace postern::api::iam {
namespace {

struct GroupResponse {
  GroupShape group;
};
BOOST_DESCRIBE_STRUCT(GroupResponse, (), (group))

struct CreateGroupRequest {
  std::string group_name;
  std::optional<std::string> path;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "groupName", group_name);
    check_path(validation, path);
  }
};
BOOST_DESCRIBE_STRUCT(CreateGroupRequest, (), (group_name, path))

awaitable<Result<GroupResponse>> create_group(Call& call, CreateGroupRequest in) {
  const auto path = in.path.value_or("/");
  store::Group group{.group_id = aws::make_unique_id(aws::kGroupIdPrefix),
                     .name = in.group_name,
                     .path = path,
                     .arn = call.services.installation.iam_arn("group", path, in.group_name),
                     .created = call.services.clock.now()};
  return change_identities(call, [group = std::move(group)](store::Repositories& repos) {
    if (repos.groups.is_name_taken(group.name))
      refuse(kEntityAlreadyExists, "Group with name " + group.name + " already exists.");
    require_below(repos.groups.count(), kMaxGroups, "GroupsPerAccount");
    repos.groups.add(group);
    return GroupResponse{to_shape(group)};
  });
}

struct GroupRequest {
  std::string group_name;
  void validate(aws::Validation& validation) const { check_long_name(validation, "groupName", group_name); }
};
BOOST_DESCRIBE_STRUCT(GroupRequest, (), (group_name))

struct GetGroupRequest {
  std::string group_name;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "groupName", group_name);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(GetGroupRequest, (), (group_name, marker, max_items))

struct GetGroupResponse {
  GroupShape group;
  std::vector<UserShape> users;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(GetGroupResponse, (), (group, users, is_truncated, marker))

awaitable<Result<GetGroupResponse>> get_group(Call& call, GetGroupRequest in) {
  auto found = co_await read_identities(call, [name = in.group_name](store::Repositories& repos) {
    const auto group = group_named(repos, name);
    GetGroupResponse all{.group = to_shape(group)};
    for (const auto& user : repos.groups.members(group.group_id))
      all.users.push_back(to_shape(repos, user, Detail::kListed));
    return all;
  });
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto users = std::exchange(found->users, {});
  co_return paged(call, "GetGroup " + in.group_name, in, std::move(users), std::move(*found),
                  &GetGroupResponse::users, [](const UserShape& user) { return user.user_name; });
}

struct UpdateGroupRequest {
  std::string group_name;
  std::optional<std::string> new_group_name;
  std::optional<std::string> new_path;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "groupName", group_name);
    if (new_group_name) check_long_name(validation, "newGroupName", *new_group_name);
    check_path(validation, new_path);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateGroupRequest, (), (group_name, new_group_name, new_path))

awaitable<Result<Empty>> update_group(Call& call, UpdateGroupRequest in) {
  return change_identities(
      call, [in = std::move(in), &names = call.services.installation](store::Repositories& repos) {
        auto group = group_named(repos, in.group_name);
        const auto name = in.new_group_name.value_or(group.name);
        if (!is_same_name(name, group.name) && repos.groups.is_name_taken(name))
          refuse(kEntityAlreadyExists, "Group with name " + name + " already exists.");
        group.name = name;
        group.path = in.new_path.value_or(group.path);
        group.arn = names.iam_arn("group", group.path, group.name);
        repos.groups.update(group);
      });
}

awaitable<Result<Empty>> delete_group(Call& call, GroupRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto group = group_named(repos, in.group_name);
    if (!repos.groups.members(group.group_id).empty())
      refuse(kDeleteConflict, "Cannot delete entity, must remove users from group first.");
    require_no_policies(repos, group.group_id);
    repos.groups.remove(group.group_id);
  });
}

struct ListGroupsResponse {
  std::vector<GroupShape> groups;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListGroupsResponse, (), (groups, is_truncated, marker))

std::vector<GroupShape> to_shapes(const std::vector<store::Group>& groups) {
  std::vector<GroupShape> shapes;
  for (const auto& group : groups) shapes.push_back(to_shape(group));
  return shapes;
}

std::string group_name(const GroupShape& group) {
  return group.group_name;
}

awaitable<Result<ListGroupsResponse>> list_groups(Call& call, ListByPathRequest in) {
  auto groups = co_await call.services.store.read([in](store::Repositories& repos) {
    return to_shapes(repos.groups.list(in.path_prefix.value_or("/")));
  });
  co_return paged(call, "ListGroups", in, std::move(groups), ListGroupsResponse{},
                  &ListGroupsResponse::groups, group_name);
}

struct MembershipRequest {
  std::string group_name;
  std::string user_name;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "groupName", group_name);
    check_user_name(validation, "userName", user_name);
  }
};
BOOST_DESCRIBE_STRUCT(MembershipRequest, (), (group_name, user_name))

awaitable<Result<Empty>> add_user_to_group(Call& call, MembershipRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto group = group_named(repos, in.group_name);
    const auto user = user_named(repos, in.user_name);
    const auto groups = repos.groups.groups_of(user.user_id);
    for (const auto& one : groups) {
      if (one.group_id == group.group_id) return;
    }
    require_below(groups.size(), kMaxGroupsOfUser, "GroupsPerUser");
    repos.groups.add_member(group.group_id, user.user_id);
  });
}

awaitable<Result<Empty>> remove_user_from_group(Call& call, MembershipRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto group = group_named(repos, in.group_name);
    const auto user = user_named(repos, in.user_name);
    repos.groups.remove_member(group.group_id, user.user_id);
  });
}

struct ListGroupsForUserRequest {
  std::string user_name;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "userName", user_name);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListGroupsForUserRequest, (), (user_name, marker, max_items))

awaitable<Result<ListGroupsResponse>> list_groups_for_user(Call& call, ListGroupsForUserRequest in) {
  auto groups = co_await read_identities(call, [name = in.user_name](store::Repositories& repos) {
    return to_shapes(repos.groups.groups_of(user_named(repos, name).user_id));
  });
  if (!groups) co_return std::unexpected(std::move(groups.error()));
  co_return paged(call, "ListGroupsForUser " + in.user_name, in, std::move(*groups), ListGroupsResponse{},
                  &ListGroupsResponse::groups, group_name);
}

}  // namespace

void register_groups(Registry& registry) {
  add<CreateGroupRequest, GroupResponse>(
      registry, "CreateGroup",
      {.access = on_new("CreateGroup", "group", &CreateGroupRequest::group_name), .run = create_group});
  add<GetGroupRequest, GetGroupResponse>(
      registry, "GetGroup",
      {.access = on<Kind::kGroup>("GetGroup", &GetGroupRequest::group_name), .run = get_group});
  add<UpdateGroupRequest, Empty>(
      registry, "UpdateGroup",
      {.access = on_moved<Kind::kGroup>("UpdateGroup", &UpdateGroupRequest::group_name,
                                        &UpdateGroupRequest::new_group_name),
       .run = update_group});
  add<GroupRequest, Empty>(
      registry, "DeleteGroup",
      {.access = on<Kind::kGroup>("DeleteGroup", &GroupRequest::group_name), .run = delete_group});
  add<ListByPathRequest, ListGroupsResponse>(registry, "ListGroups",
                                             {.access = on_all("ListGroups", "group"), .run = list_groups});
  add<MembershipRequest, Empty>(registry, "AddUserToGroup",
                                {.access = on<Kind::kGroup>("AddUserToGroup", &MembershipRequest::group_name),
                                 .run = add_user_to_group});
  add<MembershipRequest, Empty>(
      registry, "RemoveUserFromGroup",
      {.access = on<Kind::kGroup>("RemoveUserFromGroup", &MembershipRequest::group_name),
       .run = remove_user_from_group});
  add<ListGroupsForUserRequest, ListGroupsResponse>(
      registry, "ListGroupsForUser",
      {.access = on<Kind::kUser>("ListGroupsForUser", &ListGroupsForUserRequest::user_name),
       .run = list_groups_for_user});
}

}  // namespace postern::api::iam

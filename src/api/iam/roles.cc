#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"

/// CreateRole, GetRole, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy, DeleteRole, ListRoles.
namespace postern::api::iam {
namespace {

constexpr std::string_view kDescriptionHint = "Member must have length less than or equal to 1000";

struct RoleResponse {
  RoleShape role;
};
BOOST_DESCRIBE_STRUCT(RoleResponse, (), (role))

void check_role(aws::Validation& validation, const std::string& name,
                const std::optional<std::string>& description, const std::optional<int>& max_session) {
  check_user_name(validation, "roleName", name);
  if (description && description->size() > 1000)
    validation.fail("description", *description, kDescriptionHint);
  if (max_session) validation.range("maxSessionDuration", *max_session, 3600, 43'200);
}

struct CreateRoleRequest {
  std::string role_name;
  std::string assume_role_policy_document;
  std::optional<std::string> path;
  std::optional<std::string> description;
  std::optional<int> max_session_duration;
  std::optional<std::string> permissions_boundary;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    check_role(validation, role_name, description, max_session_duration);
    check_document(validation, "assumeRolePolicyDocument", assume_role_policy_document);
    check_path(validation, path);
    if (permissions_boundary) check_policy_arn(validation, "permissionsBoundary", *permissions_boundary);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateRoleRequest, (),
                      (role_name, assume_role_policy_document, path, description, max_session_duration,
                       permissions_boundary, tags))

awaitable<Result<RoleResponse>> create_role(Call& call, CreateRoleRequest in) {
  const auto path = in.path.value_or("/");
  store::Role role{.role_id = aws::make_unique_id(aws::kRoleIdPrefix),
                   .name = in.role_name,
                   .path = path,
                   .arn = call.services.installation.iam_arn("role", path, in.role_name),
                   .created = call.services.clock.now(),
                   .trust_policy = in.assume_role_policy_document,
                   .description = in.description.value_or(""),
                   .max_session = std::chrono::seconds(in.max_session_duration.value_or(3600)),
                   .boundary_arn = in.permissions_boundary.value_or("")};
  return change_identities(call, [in = std::move(in), role = std::move(role)](store::Repositories& repos) {
    if (repos.roles.is_name_taken(role.name))
      refuse(kEntityAlreadyExists, "Role with name " + role.name + " already exists.");
    require_below(repos.roles.count(), kMaxRoles, "RolesPerAccount");
    require_policy(role.trust_policy, postern::iam::PolicyKind::kTrust, postern::iam::kTrustPolicyLimits);
    if (!role.boundary_arn.empty()) policy_at(repos, role.boundary_arn);
    require_tags({}, in.tags);
    repos.roles.add(role);
    repos.tags.put(store::kRoleTags, role.role_id, to_record(in.tags));
    return RoleResponse{to_shape(repos, role, Detail::kWhole)};
  });
}

struct RoleRequest {
  std::string role_name;
  void validate(aws::Validation& validation) const { check_user_name(validation, "roleName", role_name); }
};
BOOST_DESCRIBE_STRUCT(RoleRequest, (), (role_name))

awaitable<Result<RoleResponse>> get_role(Call& call, RoleRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    return RoleResponse{to_shape(repos, role_named(repos, in.role_name), Detail::kWhole)};
  });
}

struct UpdateRoleRequest {
  std::string role_name;
  std::optional<std::string> description;
  std::optional<int> max_session_duration;

  void validate(aws::Validation& validation) const {
    check_role(validation, role_name, description, max_session_duration);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateRoleRequest, (), (role_name, description, max_session_duration))

awaitable<Result<RoleResponse>> change_role(Call& call, UpdateRoleRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    auto role = role_named(repos, in.role_name);
    if (in.description) role.description = *in.description;
    if (in.max_session_duration) role.max_session = std::chrono::seconds(*in.max_session_duration);
    repos.roles.update(role);
    return RoleResponse{to_shape(repos, role, Detail::kWhole)};
  });
}

awaitable<Result<Empty>> update_role(Call& call, UpdateRoleRequest in) {
  auto changed = co_await change_role(call, std::move(in));
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  co_return Empty{};
}

struct UpdateRoleDescriptionRequest {
  std::string role_name;
  std::string description;

  void validate(aws::Validation& validation) const {
    check_role(validation, role_name, description, std::nullopt);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateRoleDescriptionRequest, (), (role_name, description))

awaitable<Result<RoleResponse>> update_role_description(Call& call, UpdateRoleDescriptionRequest in) {
  return change_role(call, {.role_name = std::move(in.role_name), .description = std::move(in.description)});
}

struct UpdateAssumeRolePolicyRequest {
  std::string role_name;
  std::string policy_document;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "roleName", role_name);
    check_document(validation, "policyDocument", policy_document);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateAssumeRolePolicyRequest, (), (role_name, policy_document))

awaitable<Result<Empty>> update_assume_role_policy(Call& call, UpdateAssumeRolePolicyRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    auto role = role_named(repos, in.role_name);
    require_policy(in.policy_document, postern::iam::PolicyKind::kTrust, postern::iam::kTrustPolicyLimits);
    role.trust_policy = in.policy_document;
    repos.roles.update(role);
  });
}

awaitable<Result<Empty>> delete_role(Call& call, RoleRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto role = role_named(repos, in.role_name);
    require_no_policies(repos, role.role_id);
    if (!repos.instance_profiles.list_with_role(role.role_id).empty())
      refuse(kDeleteConflict, "Cannot delete entity, must remove roles from instance profile first.");
    repos.roles.remove(role.role_id);
  });
}

struct ListRolesResponse {
  std::vector<RoleShape> roles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListRolesResponse, (), (roles, is_truncated, marker))

awaitable<Result<ListRolesResponse>> list_roles(Call& call, ListByPathRequest in) {
  auto roles = co_await call.services.store.read([in](store::Repositories& repos) {
    std::vector<RoleShape> all;
    for (const auto& role : repos.roles.list(in.path_prefix.value_or("/")))
      all.push_back(to_shape(repos, role, Detail::kListed));
    return all;
  });
  co_return paged(call, "ListRoles", in, std::move(roles), ListRolesResponse{}, &ListRolesResponse::roles,
                  [](const RoleShape& role) { return role.role_name; });
}

}  // namespace

void register_roles(Registry& registry) {
  add<CreateRoleRequest, RoleResponse>(
      registry, "CreateRole",
      {.access = on_new("CreateRole", "role", &CreateRoleRequest::role_name), .run = create_role});
  add<RoleRequest, RoleResponse>(
      registry, "GetRole", {.access = on<Kind::kRole>("GetRole", &RoleRequest::role_name), .run = get_role});
  add<UpdateRoleRequest, Empty>(
      registry, "UpdateRole",
      {.access = on<Kind::kRole>("UpdateRole", &UpdateRoleRequest::role_name), .run = update_role});
  add<UpdateRoleDescriptionRequest, RoleResponse>(
      registry, "UpdateRoleDescription",
      {.access = on<Kind::kRole>("UpdateRoleDescription", &UpdateRoleDescriptionRequest::role_name),
       .run = update_role_description});
  add<UpdateAssumeRolePolicyRequest, Empty>(
      registry, "UpdateAssumeRolePolicy",
      {.access = on<Kind::kRole>("UpdateAssumeRolePolicy", &UpdateAssumeRolePolicyRequest::role_name),
       .run = update_assume_role_policy});
  add<RoleRequest, Empty>(
      registry, "DeleteRole",
      {.access = on<Kind::kRole>("DeleteRole", &RoleRequest::role_name), .run = delete_role});
  add<ListByPathRequest, ListRolesResponse>(registry, "ListRoles",
                                            {.access = on_all("ListRoles", "role"), .run = list_roles});
}

}  // namespace postern::api::iam

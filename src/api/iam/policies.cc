#include <algorithm>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"

/// CreatePolicy, GetPolicy, DeletePolicy, ListPolicies, ListEntitiesForPolicy.
namespace postern::api::iam {
namespace {

struct PolicyResponse {
  PolicyShape policy;
};
BOOST_DESCRIBE_STRUCT(PolicyResponse, (), (policy))

struct CreatePolicyRequest {
  std::string policy_name;
  std::string policy_document;
  std::optional<std::string> path;
  std::optional<std::string> description;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    check_long_name(validation, "policyName", policy_name);
    check_document(validation, "policyDocument", policy_document);
    check_path(validation, path);
    if (description) validation.length("description", *description, 0, 1000);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreatePolicyRequest, (), (policy_name, policy_document, path, description, tags))

awaitable<Result<PolicyResponse>> create_policy(Call& call, CreatePolicyRequest in) {
  const auto path = in.path.value_or("/");
  const auto now = call.services.clock.now();
  store::ManagedPolicy policy{.policy_id = aws::make_unique_id(aws::kPolicyIdPrefix),
                              .name = in.policy_name,
                              .path = path,
                              .arn = call.services.installation.iam_arn("policy", path, in.policy_name),
                              .created = now,
                              .description = in.description.value_or(""),
                              .updated = now};
  return change_identities(
      call, [in = std::move(in), policy = std::move(policy)](store::Repositories& repos) {
        if (repos.policies.is_name_taken(policy.name))
          refuse(kEntityAlreadyExists,
                 "A policy called " + policy.name + " already exists. Duplicate names are not allowed.");
        require_below(repos.policies.count(), kMaxPolicies, "PoliciesPerAccount");
        require_policy(in.policy_document, postern::iam::PolicyKind::kIdentity,
                       postern::iam::kManagedPolicyLimits);
        require_tags({}, in.tags);
        repos.policies.add(policy);
        repos.policies.add_version(policy.policy_id,
                                   {.version = 1, .document = in.policy_document, .created = policy.created});
        repos.tags.put(store::kPolicyTags, policy.policy_id, to_record(in.tags));
        return PolicyResponse{to_shape(repos, policy_at(repos, policy.arn), Detail::kWhole)};
      });
}

struct PolicyRequest {
  std::string policy_arn;
  void validate(aws::Validation& validation) const { check_policy_arn(validation, "policyArn", policy_arn); }
};
BOOST_DESCRIBE_STRUCT(PolicyRequest, (), (policy_arn))

awaitable<Result<PolicyResponse>> get_policy(Call& call, PolicyRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    return PolicyResponse{to_shape(repos, policy_at(repos, in.policy_arn), Detail::kWhole)};
  });
}

awaitable<Result<Empty>> delete_policy(Call& call, PolicyRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto policy = own_policy_at(repos, in.policy_arn);
    if (!repos.attachments.holders_of(policy.arn).empty())
      refuse(kDeleteConflict, "Cannot delete a policy attached to entities.");
    if (!repos.attachments.bounded_by(policy.arn).empty())
      refuse(kDeleteConflict, "Cannot delete a policy that is the permissions boundary of entities.");
    if (repos.policies.versions(policy.policy_id).size() > 1)
      refuse(kDeleteConflict,
             "This policy has more than one version. Before you delete a policy, you must delete the "
             "policy's versions. The default version is deleted with the policy.");
    repos.policies.remove(policy.policy_id);
  });
}

constexpr std::string_view kScopes[] = {"All", "AWS", "Local"};
constexpr std::string_view kUsages[] = {"PermissionsPolicy", "PermissionsBoundary"};

struct ListPoliciesRequest {
  std::optional<std::string> scope;
  std::optional<bool> only_attached;
  std::optional<std::string> path_prefix;
  std::optional<std::string> policy_usage_filter;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    if (scope) validation.one_of("scope", *scope, kScopes);
    if (policy_usage_filter) validation.one_of("policyUsageFilter", *policy_usage_filter, kUsages);
    check_path_prefix(validation, path_prefix);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListPoliciesRequest, (),
                      (scope, only_attached, path_prefix, policy_usage_filter, marker, max_items))

struct ListPoliciesResponse {
  std::vector<PolicyShape> policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListPoliciesResponse, (), (policies, is_truncated, marker))

// With their counts, ordered by ARN.
std::vector<PolicyShape> listed_policies(store::Repositories& repos, const ListPoliciesRequest& in) {
  const auto attached = repos.attachments.attachment_counts();
  const auto bounding = repos.attachments.boundary_counts();
  const auto count = [](const auto& counts, const std::string& arn) {
    const auto found = counts.find(arn);
    return found == counts.end() ? 0 : static_cast<int>(found->second);
  };
  const auto scope = in.scope.value_or("All");
  std::vector<PolicyShape> shapes;
  for (const auto& policy : all_policies(repos, in.path_prefix.value_or("/"))) {
    if ((scope == "AWS" && !policy.built_in) || (scope == "Local" && policy.built_in)) continue;
    auto shape = to_shape(repos, policy, Detail::kListed);
    shape.attachment_count = count(attached, policy.arn);
    shape.permissions_boundary_usage_count = count(bounding, policy.arn);
    const bool used = in.policy_usage_filter == kUsages[0]   ? shape.attachment_count > 0
                      : in.policy_usage_filter == kUsages[1] ? shape.permissions_boundary_usage_count > 0
                                                             : true;
    if (!used || (in.only_attached.value_or(false) && shape.attachment_count == 0)) continue;
    shapes.push_back(std::move(shape));
  }
  std::ranges::sort(shapes, {}, &PolicyShape::arn);
  return shapes;
}

awaitable<Result<ListPoliciesResponse>> list_policies(Call& call, ListPoliciesRequest in) {
  auto policies = co_await call.services.store.read(
      [in](store::Repositories& repos) { return listed_policies(repos, in); });
  co_return paged(call, "ListPolicies", in, std::move(policies), ListPoliciesResponse{},
                  &ListPoliciesResponse::policies, [](const PolicyShape& policy) { return policy.arn; });
}

constexpr std::string_view kEntities[] = {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"};

struct ListEntitiesRequest {
  std::string policy_arn;
  std::optional<std::string> entity_filter;
  std::optional<std::string> path_prefix;
  std::optional<std::string> policy_usage_filter;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    check_policy_arn(validation, "policyArn", policy_arn);
    if (entity_filter) validation.one_of("entityFilter", *entity_filter, kEntities);
    if (policy_usage_filter) validation.one_of("policyUsageFilter", *policy_usage_filter, kUsages);
    check_path_prefix(validation, path_prefix);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListEntitiesRequest, (),
                      (policy_arn, entity_filter, path_prefix, policy_usage_filter, marker, max_items))

struct PolicyGroup {
  std::string group_name;
  std::string group_id;
};
BOOST_DESCRIBE_STRUCT(PolicyGroup, (), (group_name, group_id))
struct PolicyUser {
  std::string user_name;
  std::string user_id;
};
BOOST_DESCRIBE_STRUCT(PolicyUser, (), (user_name, user_id))
struct PolicyRole {
  std::string role_name;
  std::string role_id;
};
BOOST_DESCRIBE_STRUCT(PolicyRole, (), (role_name, role_id))

// One of those that have the policy; the page is cut over all kinds together.
struct Holder {
  std::string id;
  std::string name;
};

struct ListEntitiesResponse {
  std::vector<PolicyGroup> policy_groups;
  std::vector<PolicyUser> policy_users;
  std::vector<PolicyRole> policy_roles;
  bool is_truncated = false;
  std::optional<std::string> marker;
  // Not described, so not in the answer.
  std::vector<Holder> holders;
};
BOOST_DESCRIBE_STRUCT(ListEntitiesResponse, (),
                      (policy_groups, policy_users, policy_roles, is_truncated, marker))

std::vector<Holder> holders_of(store::Repositories& repos, const ListEntitiesRequest& in) {
  policy_at(repos, in.policy_arn);
  std::vector<std::string> ids;
  if (in.policy_usage_filter != kUsages[1]) ids = repos.attachments.holders_of(in.policy_arn);
  if (in.policy_usage_filter != kUsages[0])
    std::ranges::move(repos.attachments.bounded_by(in.policy_arn), std::back_inserter(ids));
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  const auto prefix = in.path_prefix.value_or("/");
  std::vector<Holder> holders;
  const auto keep = [&](const auto& found, const std::string& id, std::string_view kind) {
    if (found && found->path.starts_with(prefix) && in.entity_filter.value_or(std::string(kind)) == kind)
      holders.push_back({id, found->name});
  };
  for (const auto& id : ids) {
    keep(repos.users.find(id), id, "User");
    keep(repos.roles.find(id), id, "Role");
    keep(repos.groups.find(id), id, "Group");
  }
  return holders;
}

awaitable<Result<ListEntitiesResponse>> list_entities(Call& call, ListEntitiesRequest in) {
  auto holders =
      co_await read_identities(call, [in](store::Repositories& repos) { return holders_of(repos, in); });
  if (!holders) co_return std::unexpected(std::move(holders.error()));
  auto out =
      paged(call, "ListEntitiesForPolicy " + in.policy_arn, in, std::move(*holders), ListEntitiesResponse{},
            &ListEntitiesResponse::holders, [](const Holder& holder) { return holder.id; });
  if (!out) co_return out;
  for (auto& [id, name] : out->holders) {
    if (id.starts_with(aws::kUserIdPrefix)) out->policy_users.push_back({name, id});
    if (id.starts_with(aws::kRoleIdPrefix)) out->policy_roles.push_back({name, id});
    if (id.starts_with(aws::kGroupIdPrefix)) out->policy_groups.push_back({name, id});
  }
  co_return out;
}

}  // namespace

void register_policies(Registry& registry) {
  add<CreatePolicyRequest, PolicyResponse>(
      registry, "CreatePolicy",
      {.access = on_new("CreatePolicy", "policy", &CreatePolicyRequest::policy_name), .run = create_policy});
  add<PolicyRequest, PolicyResponse>(
      registry, "GetPolicy",
      {.access = on_policy("GetPolicy", &PolicyRequest::policy_arn), .run = get_policy});
  add<PolicyRequest, Empty>(
      registry, "DeletePolicy",
      {.access = on_policy("DeletePolicy", &PolicyRequest::policy_arn), .run = delete_policy});
  add<ListPoliciesRequest, ListPoliciesResponse>(
      registry, "ListPolicies", {.access = on_everything("iam:ListPolicies"), .run = list_policies});
  add<ListEntitiesRequest, ListEntitiesResponse>(
      registry, "ListEntitiesForPolicy",
      {.access = on_policy("ListEntitiesForPolicy", &ListEntitiesRequest::policy_arn), .run = list_entities});
}

}  // namespace postern::api::iam

#include <algorithm>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"

/// GetAccountAuthorizationDetails: all identities with their policies, one page after the other.
namespace postern::api::iam {
namespace {

constexpr std::string_view kFilters[] = {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"};

struct DetailsRequest {
  std::vector<std::string> filter;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    for (const auto& one : filter) validation.one_of("filter", one, kFilters);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(DetailsRequest, (), (filter, marker, max_items))

struct InlinePolicy {
  std::string policy_name;
  std::string policy_document;
};
BOOST_DESCRIBE_STRUCT(InlinePolicy, (), (policy_name, policy_document))

struct UserDetail {
  std::string path;
  std::string user_name;
  std::string user_id;
  std::string arn;
  Timestamp create_date;
  std::vector<InlinePolicy> user_policy_list;
  std::vector<std::string> group_list;
  std::vector<AttachedPolicyShape> attached_managed_policies;
  std::optional<BoundaryShape> permissions_boundary;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(UserDetail, (),
                      (path, user_name, user_id, arn, create_date, user_policy_list, group_list,
                       attached_managed_policies, permissions_boundary, tags))

struct GroupDetail {
  std::string path;
  std::string group_name;
  std::string group_id;
  std::string arn;
  Timestamp create_date;
  std::vector<InlinePolicy> group_policy_list;
  std::vector<AttachedPolicyShape> attached_managed_policies;
};
BOOST_DESCRIBE_STRUCT(GroupDetail, (),
                      (path, group_name, group_id, arn, create_date, group_policy_list,
                       attached_managed_policies))

struct RoleDetail {
  std::string path;
  std::string role_name;
  std::string role_id;
  std::string arn;
  Timestamp create_date;
  std::string assume_role_policy_document;
  std::vector<InstanceProfileShape> instance_profile_list;
  std::vector<InlinePolicy> role_policy_list;
  std::vector<AttachedPolicyShape> attached_managed_policies;
  std::optional<BoundaryShape> permissions_boundary;
  std::vector<Tag> tags;
  std::optional<RoleLastUsed> role_last_used;
};
BOOST_DESCRIBE_STRUCT(RoleDetail, (),
                      (path, role_name, role_id, arn, create_date, assume_role_policy_document,
                       instance_profile_list, role_policy_list, attached_managed_policies,
                       permissions_boundary, tags, role_last_used))

struct PolicyDetail {
  std::string policy_name;
  std::string policy_id;
  std::string arn;
  std::string path;
  std::string default_version_id;
  int attachment_count = 0;
  int permissions_boundary_usage_count = 0;
  bool is_attachable = true;
  std::optional<std::string> description;
  Timestamp create_date;
  Timestamp update_date;
  std::vector<PolicyVersionShape> policy_version_list;
};
BOOST_DESCRIBE_STRUCT(PolicyDetail, (),
                      (policy_name, policy_id, arn, path, default_version_id, attachment_count,
                       permissions_boundary_usage_count, is_attachable, description, create_date, update_date,
                       policy_version_list))

// One identity or policy, before anything is read of it: kind and ARN, in the order of the answer.
struct Entry {
  std::string_view filter;
  std::string key;
};

struct DetailsResponse {
  std::vector<UserDetail> user_detail_list;
  std::vector<GroupDetail> group_detail_list;
  std::vector<RoleDetail> role_detail_list;
  std::vector<PolicyDetail> policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
  // Not described, so not in the answer.
  std::vector<Entry> entries;
};
BOOST_DESCRIBE_STRUCT(DetailsResponse, (),
                      (user_detail_list, group_detail_list, role_detail_list, policies, is_truncated, marker))

std::vector<InlinePolicy> inline_policies(store::Repositories& repos, const std::string& holder_id) {
  std::vector<InlinePolicy> all;
  for (const auto& [name, document] : repos.attachments.inline_of(holder_id))
    all.push_back({name, encoded_document(document)});
  return all;
}

std::vector<AttachedPolicyShape> attached_policies(store::Repositories& repos, const std::string& holder_id) {
  std::vector<AttachedPolicyShape> all;
  for (const auto& arn : repos.attachments.attached_to(holder_id)) all.push_back(attached_shape(repos, arn));
  return all;
}

UserDetail user_detail(store::Repositories& repos, const store::User& user) {
  auto shape = to_shape(repos, user, Detail::kWhole);
  UserDetail detail{.path = shape.path,
                    .user_name = shape.user_name,
                    .user_id = shape.user_id,
                    .arn = shape.arn,
                    .create_date = shape.create_date,
                    .user_policy_list = inline_policies(repos, user.user_id),
                    .attached_managed_policies = attached_policies(repos, user.user_id),
                    .permissions_boundary = shape.permissions_boundary,
                    .tags = shape.tags.value_or(std::vector<Tag>{})};
  for (const auto& group : repos.groups.groups_of(user.user_id)) detail.group_list.push_back(group.name);
  return detail;
}

GroupDetail group_detail(store::Repositories& repos, const store::Group& group) {
  return {.path = group.path,
          .group_name = group.name,
          .group_id = group.group_id,
          .arn = group.arn,
          .create_date = group.created,
          .group_policy_list = inline_policies(repos, group.group_id),
          .attached_managed_policies = attached_policies(repos, group.group_id)};
}

RoleDetail role_detail(store::Repositories& repos, const store::Role& role) {
  auto shape = to_shape(repos, role, Detail::kWhole);
  RoleDetail detail{.path = shape.path,
                    .role_name = shape.role_name,
                    .role_id = shape.role_id,
                    .arn = shape.arn,
                    .create_date = shape.create_date,
                    .assume_role_policy_document = shape.assume_role_policy_document,
                    .role_policy_list = inline_policies(repos, role.role_id),
                    .attached_managed_policies = attached_policies(repos, role.role_id),
                    .permissions_boundary = shape.permissions_boundary,
                    .tags = shape.tags.value_or(std::vector<Tag>{}),
                    .role_last_used = shape.role_last_used};
  for (const auto& profile : repos.instance_profiles.list_with_role(role.role_id))
    detail.instance_profile_list.push_back(to_shape(repos, profile, Detail::kListed));
  return detail;
}

PolicyDetail policy_detail(store::Repositories& repos, const PolicyView& policy) {
  auto shape = to_shape(repos, policy, Detail::kWhole);
  PolicyDetail detail{.policy_name = shape.policy_name,
                      .policy_id = shape.policy_id,
                      .arn = shape.arn,
                      .path = shape.path,
                      .default_version_id = shape.default_version_id,
                      .attachment_count = shape.attachment_count,
                      .permissions_boundary_usage_count = shape.permissions_boundary_usage_count,
                      .description = shape.description,
                      .create_date = shape.create_date,
                      .update_date = shape.update_date};
  for (const auto& version : versions_of(repos, policy))
    detail.policy_version_list.push_back(to_shape(version, policy.default_version, Detail::kWhole));
  return detail;
}

std::vector<Entry> entries_of(store::Repositories& repos, const DetailsRequest& in) {
  std::vector<Entry> entries;
  const auto add_entry = [&](std::string_view filter, std::string key) {
    if (in.filter.empty() || std::ranges::find(in.filter, filter) != in.filter.end())
      entries.push_back({filter, std::move(key)});
  };
  for (const auto& user : repos.users.list()) add_entry("User", "1 " + user.name);
  for (const auto& group : repos.groups.list()) add_entry("Group", "2 " + group.name);
  for (const auto& role : repos.roles.list()) add_entry("Role", "3 " + role.name);
  for (const auto& policy : all_policies(repos, "/"))
    add_entry(policy.built_in ? "AWSManagedPolicy" : "LocalManagedPolicy", "4 " + policy.arn);
  std::ranges::sort(entries, {}, &Entry::key);
  return entries;
}

void read_entry(store::Repositories& repos, const Entry& entry, DetailsResponse& out) {
  const auto name = entry.key.substr(2);
  if (entry.filter == "User") {
    if (const auto user = repos.users.find_by_name(name))
      out.user_detail_list.push_back(user_detail(repos, *user));
  } else if (entry.filter == "Group") {
    if (const auto group = repos.groups.find_by_name(name))
      out.group_detail_list.push_back(group_detail(repos, *group));
  } else if (entry.filter == "Role") {
    if (const auto role = repos.roles.find_by_name(name))
      out.role_detail_list.push_back(role_detail(repos, *role));
  } else if (const auto policy = find_policy(repos, name)) {
    out.policies.push_back(policy_detail(repos, *policy));
  }
}

awaitable<Result<DetailsResponse>> get_details(Call& call, DetailsRequest in) {
  auto entries =
      co_await call.services.store.read([in](store::Repositories& repos) { return entries_of(repos, in); });
  auto out = paged(call, "GetAccountAuthorizationDetails", in, std::move(entries), DetailsResponse{},
                   &DetailsResponse::entries, [](const Entry& entry) { return entry.key; });
  if (!out) co_return out;
  co_return co_await call.services.store.read([page = std::move(*out)](store::Repositories& repos) mutable {
    for (const auto& entry : page.entries) read_entry(repos, entry, page);
    return Result<DetailsResponse>(std::move(page));
  });
}

}  // namespace

void register_account_details(Registry& registry) {
  add<DetailsRequest, DetailsResponse>(
      registry, "GetAccountAuthorizationDetails",
      {.access = on_everything("iam:GetAccountAuthorizationDetails"), .run = get_details});
}

}  // namespace postern::api::iam

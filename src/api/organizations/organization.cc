#include "api/organizations/organization.h"

#include <algorithm>

#include "api/organizations/operations.h"
#include "base/hash.h"

/// DescribeOrganization, ListRoots, and what the other operations have in common.
namespace postern::api::organizations {
namespace {

constexpr std::string_view kFullAccess =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";

struct PolicyTypeShape {
  std::string type = std::string(kServiceControlType);
  std::string status = "ENABLED";
};
BOOST_DESCRIBE_STRUCT(PolicyTypeShape, (), (type, status))

struct OrganizationShape {
  std::string id;
  std::string arn;
  std::string feature_set = "ALL";
  std::string master_account_arn;
  std::string master_account_id;
  std::vector<PolicyTypeShape> available_policy_types;
};
BOOST_DESCRIBE_STRUCT(OrganizationShape, (),
                      (id, arn, feature_set, master_account_arn, master_account_id, available_policy_types))

struct DescribeOrganizationResponse {
  OrganizationShape organization;
};
BOOST_DESCRIBE_STRUCT(DescribeOrganizationResponse, (), (organization))

awaitable<Result<DescribeOrganizationResponse>> describe_organization(Call& call, Empty) {
  const Organization organization(call.services.installation);
  co_return DescribeOrganizationResponse{
      {.id = organization.id,
       .arn = organization.arn("organization/" + organization.id),
       .master_account_arn = *organization.target_arn(organization.account),
       .master_account_id = organization.account,
       .available_policy_types = {PolicyTypeShape{}}}};
}

struct RootShape {
  std::string id;
  std::string arn;
  std::string name = "Root";
  std::vector<PolicyTypeShape> policy_types;
};
BOOST_DESCRIBE_STRUCT(RootShape, (), (id, arn, name, policy_types))

struct ListRootsResponse {
  std::vector<RootShape> roots;
};
BOOST_DESCRIBE_STRUCT(ListRootsResponse, (), (roots))

awaitable<Result<ListRootsResponse>> list_roots(Call& call, Empty) {
  const Organization organization(call.services.installation);
  co_return ListRootsResponse{{{.id = organization.root_id,
                                .arn = *organization.target_arn(organization.root_id),
                                .policy_types = {PolicyTypeShape{}}}}};
}

store::ServiceControlPolicy full_access(const Organization& organization, Timestamp now) {
  return {.policy_id = std::string(kFullAccessId),
          .name = "FullAWSAccess",
          .description = "Allows access to every operation",
          .content = std::string(kFullAccess),
          .created = now,
          .targets = {organization.account, organization.root_id}};
}

}  // namespace

Organization::Organization(const auth::Installation& installation)
    : partition(installation.partition), account(installation.account) {
  const auto hash = sha256_hex("organization " + account);
  id = "o-" + hash.substr(0, 10);
  root_id = "r-" + hash.substr(10, 4);
}

std::string Organization::arn(const std::string& resource) const {
  return "arn:" + partition + ":organizations::" + account + ':' + resource;
}

std::string Organization::policy_arn(const std::string& policy_id) const {
  if (policy_id == kFullAccessId)
    return "arn:" + partition + ":organizations::aws:policy/service_control_policy/" + policy_id;
  return arn("policy/" + id + "/service_control_policy/" + policy_id);
}

std::optional<std::string> Organization::target_arn(const std::string& target_id) const {
  if (target_id == root_id) return arn("root/" + id + '/' + root_id);
  if (target_id == account) return arn("account/" + id + '/' + account);
  return std::nullopt;
}

aws::ApiError Organization::no_such_target(const std::string& target_id) const {
  return kTargetNotFound("There is no root or account " + target_id + "; there are the root " + root_id +
                         " and the account " + account + '.');
}

PolicySummary to_summary(const Organization& organization, const store::ServiceControlPolicy& policy) {
  return {.id = policy.policy_id,
          .arn = organization.policy_arn(policy.policy_id),
          .name = policy.name,
          .description = policy.description,
          .aws_managed = policy.policy_id == kFullAccessId};
}

std::vector<store::ServiceControlPolicy> all_policies(store::Repositories& repos,
                                                      const Organization& organization, Timestamp now) {
  auto policies = repos.service_controls.list();
  if (std::ranges::find(policies, kFullAccessId, &store::ServiceControlPolicy::policy_id) == policies.end())
    policies.push_back(full_access(organization, now));
  std::ranges::sort(policies, {}, &store::ServiceControlPolicy::name);
  return policies;
}

std::optional<store::ServiceControlPolicy> find_policy(store::Repositories& repos,
                                                       const Organization& organization,
                                                       const std::string& id, Timestamp now) {
  auto found = repos.service_controls.find(id);
  if (!found && id == kFullAccessId) return full_access(organization, now);
  return found;
}

void prepare_policies(store::Repositories& repos, const Organization& organization, Timestamp now) {
  if (repos.service_controls.find(kFullAccessId)) return;
  const auto policy = full_access(organization, now);
  repos.service_controls.add(policy);
  for (const auto& target : policy.targets) repos.service_controls.attach(policy.policy_id, target);
}

aws::ApiError no_such_policy(const std::string& id) {
  return kPolicyNotFound("There is no service control policy " + id + '.');
}

void register_organization(Registry& registry) {
  registry.add(
      "organizations", "DescribeOrganization",
      json_operation<Empty, DescribeOrganizationResponse>(
          {.access = on_everything("organizations:DescribeOrganization"), .run = describe_organization}));
  registry.add("organizations", "ListRoots",
               json_operation<Empty, ListRootsResponse>(
                   {.access = on_everything("organizations:ListRoots"), .run = list_roots}));
}

}  // namespace postern::api::organizations

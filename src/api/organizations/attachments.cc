#include <algorithm>
#include <array>

#include "api/changes.h"
#include "api/organizations/operations.h"
#include "api/organizations/organization.h"
#include "api/paging.h"

/// AttachPolicy, DetachPolicy, ListPoliciesForTarget, ListTargetsForPolicy.
namespace postern::api::organizations {
namespace {

constexpr std::array kTypes = {kServiceControlType};
// As AWS.
constexpr std::size_t kMaxAttached = 5;

struct AttachmentRequest {
  std::string policy_id;
  std::string target_id;

  void validate(aws::Validation& validation) const {
    validation.length("policyId", policy_id, 1, 130);
    validation.length("targetId", target_id, 1, 100);
  }
};
BOOST_DESCRIBE_STRUCT(AttachmentRequest, (), (policy_id, target_id))

bool is_attached(const store::ServiceControlPolicy& policy, const std::string& target) {
  return std::ranges::find(policy.targets, target) != policy.targets.end();
}

std::vector<store::ServiceControlPolicy> attached_to(std::vector<store::ServiceControlPolicy> policies,
                                                     const std::string& target) {
  std::erase_if(policies, [&](const auto& policy) { return !is_attached(policy, target); });
  return policies;
}

std::optional<aws::ApiError> attach(store::Repositories& repos, const Organization& organization,
                                    const AttachmentRequest& in, Timestamp now) {
  if (!organization.target_arn(in.target_id)) return organization.no_such_target(in.target_id);
  prepare_policies(repos, organization, now);
  const auto policy = repos.service_controls.find(in.policy_id);
  if (!policy) return no_such_policy(in.policy_id);
  if (is_attached(*policy, in.target_id))
    return kDuplicateAttachment("The policy " + in.policy_id + " is attached to " + in.target_id +
                                " already.");
  if (attached_to(repos.service_controls.list(), in.target_id).size() >= kMaxAttached)
    return kConstraintViolation("At most " + std::to_string(kMaxAttached) + " policies can be attached to " +
                                in.target_id + ". Detach another one first.");
  repos.service_controls.attach(in.policy_id, in.target_id);
  return std::nullopt;
}

std::optional<aws::ApiError> detach(store::Repositories& repos, const Organization& organization,
                                    const AttachmentRequest& in, Timestamp now) {
  if (!organization.target_arn(in.target_id)) return organization.no_such_target(in.target_id);
  prepare_policies(repos, organization, now);
  const auto policy = repos.service_controls.find(in.policy_id);
  if (!policy) return no_such_policy(in.policy_id);
  if (!is_attached(*policy, in.target_id))
    return kNotAttached("The policy " + in.policy_id + " is not attached to " + in.target_id + '.');
  // Without any policy nothing would be allowed any more.
  if (attached_to(repos.service_controls.list(), in.target_id).size() == 1)
    return kConstraintViolation("It is the last policy that is attached to " + in.target_id +
                                ". Attach another one first, FullAWSAccess (p-FullAWSAccess) for one.");
  repos.service_controls.detach(in.policy_id, in.target_id);
  return std::nullopt;
}

template <auto Change>
awaitable<Result<Empty>> change_attachment(Call& call, AttachmentRequest in) {
  auto error = co_await call.services.store.run(
      [in, organization = Organization(call.services.installation), now = call.services.clock.now()](
          store::Repositories& repos) { return Change(repos, organization, in, now); });
  if (error) co_return std::unexpected(std::move(*error));
  announce_identities_changed(call.services);
  co_return Empty{};
}

struct ListPoliciesForTargetRequest {
  std::string target_id;
  std::string filter;
  std::optional<std::string> next_token;
  std::optional<int> max_results;

  void validate(aws::Validation& validation) const {
    validation.length("targetId", target_id, 1, 100);
    validation.one_of("filter", filter, kTypes);
    if (max_results) validation.range("maxResults", *max_results, 1, 20);
  }
};
BOOST_DESCRIBE_STRUCT(ListPoliciesForTargetRequest, (), (target_id, filter, next_token, max_results))

struct ListPoliciesForTargetResponse {
  std::vector<PolicySummary> policies;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListPoliciesForTargetResponse, (), (policies, next_token))

awaitable<Result<auth::Access>> on_target(Call& call, ListPoliciesForTargetRequest& in) {
  const Organization organization(call.services.installation);
  auto target = organization.target_arn(in.target_id);
  co_return auth::Access{.action = "organizations:ListPoliciesForTarget",
                         .resources = {target ? std::move(*target) : std::string("*")}};
}

awaitable<Result<ListPoliciesForTargetResponse>> list_policies_for_target(Call& call,
                                                                          ListPoliciesForTargetRequest in) {
  const Organization organization(call.services.installation);
  if (!organization.target_arn(in.target_id))
    co_return std::unexpected(organization.no_such_target(in.target_id));
  auto policies = co_await call.services.store.read(
      [organization, now = call.services.clock.now()](store::Repositories& repos) {
        return all_policies(repos, organization, now);
      });
  std::vector<PolicySummary> all;
  for (const auto& policy : attached_to(std::move(policies), in.target_id))
    all.push_back(to_summary(organization, policy));
  auto page = cut_page(call, "ListPoliciesForTarget", std::move(all),
                       static_cast<std::size_t>(in.max_results.value_or(20)), in.next_token,
                       [](const PolicySummary& policy) { return policy.id; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  co_return ListPoliciesForTargetResponse{std::move(page->items), std::move(page->next_token)};
}

struct ListTargetsForPolicyRequest {
  std::string policy_id;
  std::optional<std::string> next_token;
  std::optional<int> max_results;
  void validate(aws::Validation& validation) const { validation.length("policyId", policy_id, 1, 130); }
};
BOOST_DESCRIBE_STRUCT(ListTargetsForPolicyRequest, (), (policy_id, next_token, max_results))

struct TargetShape {
  std::string target_id;
  std::string arn;
  std::string name;
  std::string type;
};
BOOST_DESCRIBE_STRUCT(TargetShape, (), (target_id, arn, name, type))

/// All of them: there are two at most.
struct ListTargetsForPolicyResponse {
  std::vector<TargetShape> targets;
};
BOOST_DESCRIBE_STRUCT(ListTargetsForPolicyResponse, (), (targets))

awaitable<Result<ListTargetsForPolicyResponse>> list_targets_for_policy(Call& call,
                                                                        ListTargetsForPolicyRequest in) {
  const Organization organization(call.services.installation);
  const auto policy = co_await call.services.store.read(
      [organization, id = in.policy_id, now = call.services.clock.now()](store::Repositories& repos) {
        return find_policy(repos, organization, id, now);
      });
  if (!policy) co_return std::unexpected(no_such_policy(in.policy_id));
  ListTargetsForPolicyResponse out;
  for (const auto& target : policy->targets) {
    const bool root = target == organization.root_id;
    if (auto arn = organization.target_arn(target))
      out.targets.push_back({target, std::move(*arn), root ? "Root" : target, root ? "ROOT" : "ACCOUNT"});
  }
  co_return out;
}

}  // namespace

void register_attachments(Registry& registry) {
  registry.add("organizations", "AttachPolicy",
               json_operation<AttachmentRequest, Empty>(
                   {.access = on_policy<AttachmentRequest>("organizations:AttachPolicy"),
                    .run = change_attachment<attach>}));
  registry.add("organizations", "DetachPolicy",
               json_operation<AttachmentRequest, Empty>(
                   {.access = on_policy<AttachmentRequest>("organizations:DetachPolicy"),
                    .run = change_attachment<detach>}));
  registry.add("organizations", "ListPoliciesForTarget",
               json_operation<ListPoliciesForTargetRequest, ListPoliciesForTargetResponse>(
                   {.access = on_target, .run = list_policies_for_target}));
  registry.add("organizations", "ListTargetsForPolicy",
               json_operation<ListTargetsForPolicyRequest, ListTargetsForPolicyResponse>(
                   {.access = on_policy<ListTargetsForPolicyRequest>("organizations:ListTargetsForPolicy"),
                    .run = list_targets_for_policy}));
}

}  // namespace postern::api::organizations

#include <array>

#include "api/changes.h"
#include "api/organizations/operations.h"
#include "api/organizations/organization.h"
#include "api/paging.h"
#include "api/tag_keys.h"
#include "auth/request_context.h"
#include "base/random.h"
#include "iam/parse.h"

/// CreatePolicy, UpdatePolicy, DeletePolicy, DescribePolicy, ListPolicies.
namespace postern::api::organizations {
namespace {

constexpr std::array kTypes = {kServiceControlType};
// As AWS.
constexpr std::size_t kMaxPolicies = 2'000;

const aws::Pattern kPolicyId("p-[0-9a-zA-Z_]{8,128}");

struct TagShape {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(TagShape, (), (key, value))

store::Tags to_record(const std::vector<TagShape>& tags) {
  store::Tags out;
  for (const auto& [key, value] : tags) out[key] = value;
  return out;
}

struct PolicyResponse {
  PolicyShape policy;
};
BOOST_DESCRIBE_STRUCT(PolicyResponse, (), (policy))

Result<void> check_content(const std::string& content) {
  const auto parsed = postern::iam::parse(content, postern::iam::PolicyKind::kServiceControl,
                                          postern::iam::kServiceControlLimits);
  if (!parsed)
    return std::unexpected(kMalformedPolicy(
        "The provided policy document does not meet the requirements of the specified policy "
        "type: " +
        parsed.error().message()));
  return {};
}

struct CreatePolicyRequest {
  std::string content;
  std::string description;
  std::string name;
  std::string type;
  std::vector<TagShape> tags;

  void validate(aws::Validation& validation) const {
    validation.length("name", name, 1, 128);
    validation.length("description", description, 0, 512);
    validation.length("content", content, 1, 1'000'000);
    validation.one_of("type", type, kTypes);
    for (const auto& tag : tags) {
      validation.length("tags.key", tag.key, 1, 128);
      validation.length("tags.value", tag.value, 0, 256);
    }
  }
};
BOOST_DESCRIBE_STRUCT(CreatePolicyRequest, (), (content, description, name, type, tags))

awaitable<Result<auth::Access>> create_access(Call&, CreatePolicyRequest& in) {
  auth::Access access{.action = "organizations:CreatePolicy",
                      .keys = auth::tag_request_keys(to_record(in.tags))};
  access.keys.emplace_back("organizations:PolicyType", in.type);
  co_return access;
}

PolicyShape to_shape(const Organization& organization, const store::ServiceControlPolicy& policy) {
  return {to_summary(organization, policy), policy.content};
}

awaitable<Result<PolicyResponse>> create_policy(Call& call, CreatePolicyRequest in) {
  if (auto problem = tag_key_problem(in.tags)) co_return std::unexpected(kInvalidInput(std::move(*problem)));
  if (auto ok = check_content(in.content); !ok) co_return std::unexpected(std::move(ok.error()));
  const Organization organization(call.services.installation);
  const store::ServiceControlPolicy policy{.policy_id = "p-" + random_text(10, kLowerAlphanumeric),
                                           .name = in.name,
                                           .description = in.description,
                                           .content = in.content,
                                           .created = call.services.clock.now()};
  auto error =
      co_await call.services.store.run([organization, policy, tags = to_record(in.tags)](
                                           store::Repositories& repos) -> std::optional<aws::ApiError> {
        prepare_policies(repos, organization, policy.created);
        if (repos.service_controls.find_by_name(policy.name))
          return kDuplicatePolicy("A policy with the name " + policy.name + " exists already.");
        if (repos.service_controls.list().size() >= kMaxPolicies)
          return kConstraintViolation(
              "There are already as many policies as there can be: " + std::to_string(kMaxPolicies) + '.');
        repos.service_controls.add(policy);
        if (!tags.empty()) repos.tags.put(store::kServiceControlTags, policy.policy_id, tags);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  announce_identities_changed(call.services);
  co_return PolicyResponse{to_shape(organization, policy)};
}

struct UpdatePolicyRequest {
  std::string policy_id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> content;

  void validate(aws::Validation& validation) const {
    validation.pattern("policyId", policy_id, kPolicyId);
    if (name) validation.length("name", *name, 1, 128);
    if (description) validation.length("description", *description, 0, 512);
    if (content) validation.length("content", *content, 1, 1'000'000);
  }
};
BOOST_DESCRIBE_STRUCT(UpdatePolicyRequest, (), (policy_id, name, description, content))

aws::ApiError not_changeable() {
  return kConstraintViolation(
      "FullAWSAccess is AWS's own policy: it can be attached and detached, not changed.");
}

Result<store::ServiceControlPolicy> update(store::Repositories& repos, const UpdatePolicyRequest& in) {
  auto policy = repos.service_controls.find(in.policy_id);
  if (!policy) return std::unexpected(no_such_policy(in.policy_id));
  if (in.name && *in.name != policy->name && repos.service_controls.find_by_name(*in.name))
    return std::unexpected(kDuplicatePolicy("A policy with the name " + *in.name + " exists already."));
  policy->name = in.name.value_or(policy->name);
  policy->description = in.description.value_or(policy->description);
  policy->content = in.content.value_or(policy->content);
  repos.service_controls.update(*policy);
  return *policy;
}

awaitable<Result<PolicyResponse>> update_policy(Call& call, UpdatePolicyRequest in) {
  if (in.policy_id == kFullAccessId) co_return std::unexpected(not_changeable());
  if (in.content) {
    if (auto ok = check_content(*in.content); !ok) co_return std::unexpected(std::move(ok.error()));
  }
  auto policy =
      co_await call.services.store.run([in](store::Repositories& repos) { return update(repos, in); });
  if (!policy) co_return std::unexpected(std::move(policy.error()));
  announce_identities_changed(call.services);
  co_return PolicyResponse{to_shape(Organization(call.services.installation), *policy)};
}

struct PolicyIdRequest {
  std::string policy_id;
  void validate(aws::Validation& validation) const { validation.pattern("policyId", policy_id, kPolicyId); }
};
BOOST_DESCRIBE_STRUCT(PolicyIdRequest, (), (policy_id))

awaitable<Result<Empty>> delete_policy(Call& call, PolicyIdRequest in) {
  if (in.policy_id == kFullAccessId) co_return std::unexpected(not_changeable());
  auto error = co_await call.services.store.run(
      [id = in.policy_id](store::Repositories& repos) -> std::optional<aws::ApiError> {
        const auto policy = repos.service_controls.find(id);
        if (!policy) return no_such_policy(id);
        if (!policy->targets.empty())
          return kPolicyInUse("The policy " + id + " is attached to " + policy->targets.front() +
                              ". Detach it first.");
        repos.service_controls.remove(id);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  announce_identities_changed(call.services);
  co_return Empty{};
}

awaitable<Result<PolicyResponse>> describe_policy(Call& call, PolicyIdRequest in) {
  const Organization organization(call.services.installation);
  const auto policy = co_await call.services.store.read(
      [organization, id = in.policy_id, now = call.services.clock.now()](store::Repositories& repos) {
        return find_policy(repos, organization, id, now);
      });
  if (!policy) co_return std::unexpected(no_such_policy(in.policy_id));
  co_return PolicyResponse{to_shape(organization, *policy)};
}

struct ListPoliciesRequest {
  std::string filter;
  std::optional<std::string> next_token;
  std::optional<int> max_results;

  void validate(aws::Validation& validation) const {
    validation.one_of("filter", filter, kTypes);
    if (max_results) validation.range("maxResults", *max_results, 1, 20);
  }
};
BOOST_DESCRIBE_STRUCT(ListPoliciesRequest, (), (filter, next_token, max_results))

struct ListPoliciesResponse {
  std::vector<PolicySummary> policies;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListPoliciesResponse, (), (policies, next_token))

awaitable<Result<ListPoliciesResponse>> list_policies(Call& call, ListPoliciesRequest in) {
  const Organization organization(call.services.installation);
  const auto policies = co_await call.services.store.read(
      [organization, now = call.services.clock.now()](store::Repositories& repos) {
        return all_policies(repos, organization, now);
      });
  std::vector<PolicySummary> all;
  for (const auto& policy : policies) all.push_back(to_summary(organization, policy));
  auto page =
      cut_page(call, "ListPolicies", std::move(all), static_cast<std::size_t>(in.max_results.value_or(20)),
               in.next_token, [](const PolicySummary& policy) { return policy.id; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  co_return ListPoliciesResponse{std::move(page->items), std::move(page->next_token)};
}

}  // namespace

void register_policies(Registry& registry) {
  registry.add(
      "organizations", "CreatePolicy",
      json_operation<CreatePolicyRequest, PolicyResponse>({.access = create_access, .run = create_policy}));
  registry.add(
      "organizations", "UpdatePolicy",
      json_operation<UpdatePolicyRequest, PolicyResponse>(
          {.access = on_policy<UpdatePolicyRequest>("organizations:UpdatePolicy"), .run = update_policy}));
  registry.add(
      "organizations", "DeletePolicy",
      json_operation<PolicyIdRequest, Empty>(
          {.access = on_policy<PolicyIdRequest>("organizations:DeletePolicy"), .run = delete_policy}));
  registry.add(
      "organizations", "DescribePolicy",
      json_operation<PolicyIdRequest, PolicyResponse>(
          {.access = on_policy<PolicyIdRequest>("organizations:DescribePolicy"), .run = describe_policy}));
  registry.add("organizations", "ListPolicies",
               json_operation<ListPoliciesRequest, ListPoliciesResponse>(
                   {.access = on_everything("organizations:ListPolicies"), .run = list_policies}));
}

}  // namespace postern::api::organizations

#include "api/iam/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "api/access.h"
#include "api/iam/simulated_principal.h"
#include "auth/question.h"
#include "auth/request_context.h"
#include "iam/explain.h"
#include "iam/text.h"

/// SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would decide, and with `Explain`, our
/// addition, why.
namespace postern::api::iam {
namespace {

namespace engine = postern::iam;

constexpr auto kNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr aws::ErrorCode kInvalidInput{"InvalidInput", 400};

// A simulation is work: so many decisions at once.
constexpr std::size_t kMaxDecisions = 2'000;
constexpr int kDefaultPage = 100;
// Of one policy, as IAM's API reference has it.
constexpr std::size_t kMaxPolicyCharacters = 131'072;

struct ContextEntry {
  std::optional<std::string> context_key_name;
  std::vector<std::string> context_key_values;
  std::optional<std::string> context_key_type;
};
BOOST_DESCRIBE_STRUCT(ContextEntry, (), (context_key_name, context_key_values, context_key_type))

/// What both operations take.
struct SimulationInput {
  std::vector<std::string> policy_input_list;
  std::vector<std::string> permissions_boundary_policy_input_list;
  std::vector<std::string> action_names;
  std::vector<std::string> resource_arns;
  std::optional<std::string> resource_policy;
  std::optional<std::string> resource_owner;
  std::optional<std::string> caller_arn;
  std::vector<ContextEntry> context_entries;
  std::optional<std::string> resource_handling_option;
  std::optional<int> max_items;
  std::optional<std::string> marker;
  /// Ours: each result says in words what each statement had to do with it.
  std::optional<bool> explain;

  void validate(aws::Validation& validation) const {
    validation.list_size("actionNames", "", action_names.size(), 1, 1'000);
    for (const auto& action : action_names) validation.length("actionNames", action, 3, 128);
    for (const auto& arn : resource_arns) validation.length("resourceArns", arn, 1, 2048);
    if (max_items) validation.range("maxItems", *max_items, 1, 1'000);
    for (const auto& policy : policy_input_list)
      validation.length("policyInputList", policy, 1, kMaxPolicyCharacters);
    for (const auto& policy : permissions_boundary_policy_input_list)
      validation.length("permissionsBoundaryPolicyInputList", policy, 1, kMaxPolicyCharacters);
    if (resource_policy) validation.max_length("resourcePolicy", *resource_policy, kMaxPolicyCharacters);
    if (resource_owner) validation.length("resourceOwner", *resource_owner, 1, 2048);
    if (caller_arn) validation.length("callerArn", *caller_arn, 1, 2048);
  }
};
BOOST_DESCRIBE_STRUCT(SimulationInput, (),
                      (policy_input_list, permissions_boundary_policy_input_list, action_names, resource_arns,
                       resource_policy, resource_owner, caller_arn, context_entries, resource_handling_option,
                       max_items, marker, explain))

struct SimulatePrincipalPolicyRequest : SimulationInput {
  std::string policy_source_arn;

  void validate(aws::Validation& validation) const {
    SimulationInput::validate(validation);
    validation.length("policySourceArn", policy_source_arn, 20, 2048);
  }
};
BOOST_DESCRIBE_STRUCT(SimulatePrincipalPolicyRequest, (SimulationInput), (policy_source_arn))

struct SimulateCustomPolicyRequest : SimulationInput {
  void validate(aws::Validation& validation) const {
    SimulationInput::validate(validation);
    validation.list_size("policyInputList", "", policy_input_list.size(), 1, 1'000);
  }
};
BOOST_DESCRIBE_STRUCT(SimulateCustomPolicyRequest, (SimulationInput), ())

struct PositionShape {
  int line = 0;
  int column = 0;
};
BOOST_DESCRIBE_STRUCT(PositionShape, (), (line, column))

struct MatchedStatement {
  std::string source_policy_id;
  std::string source_policy_type;
  PositionShape start_position;
};
BOOST_DESCRIBE_STRUCT(MatchedStatement, (), (source_policy_id, source_policy_type, start_position))

// A page ends with the decision that makes it larger than about this, whatever MaxItems says: one request may
// bring tens of thousands of statements, and each of a thousand decisions looks at all of them.
constexpr std::size_t kMaxPageBytes = 100'000 * sizeof(MatchedStatement);

struct OrganizationsDetail {
  bool allowed_by_organizations = false;
};
BOOST_DESCRIBE_STRUCT(OrganizationsDetail, (), (allowed_by_organizations))

struct BoundaryDetail {
  bool allowed_by_permissions_boundary = false;
};
BOOST_DESCRIBE_STRUCT(BoundaryDetail, (), (allowed_by_permissions_boundary))

struct EvaluationResult {
  std::string eval_action_name;
  std::string eval_resource_name;
  std::string eval_decision;
  std::vector<MatchedStatement> matched_statements;
  std::vector<std::string> missing_context_values;
  std::optional<OrganizationsDetail> organizations_decision_detail;
  std::optional<BoundaryDetail> permissions_boundary_decision_detail;
  std::optional<std::string> explanation;
};
BOOST_DESCRIBE_STRUCT(EvaluationResult, (),
                      (eval_action_name, eval_resource_name, eval_decision, matched_statements,
                       missing_context_values, organizations_decision_detail,
                       permissions_boundary_decision_detail, explanation))

struct SimulatePolicyResponse {
  std::vector<EvaluationResult> evaluation_results;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(SimulatePolicyResponse, (), (evaluation_results, is_truncated, marker))

std::string decision_name(engine::Outcome outcome) {
  switch (outcome) {
    case engine::Outcome::kAllowed:
      return "allowed";
    case engine::Outcome::kExplicitDeny:
      return "explicitDeny";
    case engine::Outcome::kImplicitDeny:
      break;
  }
  return "implicitDeny";
}

// AWS says where a policy came from; by the names that decisions give them.
std::string policy_type(const engine::ConsideredStatement& one) {
  switch (one.set) {
    case engine::PolicySet::kServiceControl:
      return "Service Control Policy";
    case engine::PolicySet::kBoundary:
      return "Permissions Boundary Policy";
    case engine::PolicySet::kResource:
      return "Resource Policy";
    default:
      return "IAM Policy";
  }
}

// Which keys the conditions of statements about the action look at and the request does not have.
std::vector<std::string> missing_keys(const engine::Explanation& explanation,
                                      const engine::Request& request) {
  const engine::ActionName action(request.action);
  std::set<std::string> missing;
  for (const auto& one : explanation.statements) {
    if (!one.statement->matches_action(action)) continue;
    const auto* resource =
        one.resource < request.resources.size() ? request.resources[one.resource].context : nullptr;
    const engine::ContextView context{resource, request.context};
    for (const auto& condition : one.statement->conditions()) {
      if (context.find(engine::ContextKey(condition.key())).empty()) missing.insert(condition.key());
    }
  }
  return {missing.begin(), missing.end()};
}

EvaluationResult to_shape(const engine::Explanation& explanation, const auth::Question& question,
                          const auth::EffectivePolicies& policies, bool explain) {
  const auto& decision = explanation.decision;
  EvaluationResult out{.eval_action_name = explanation.action,
                       .eval_resource_name = explanation.resources.at(decision.resource),
                       .eval_decision = decision_name(decision.outcome),
                       .missing_context_values = missing_keys(explanation, question.request())};
  for (const auto& one : explanation.statements) {
    // What only limits is told by the details below, as with AWS.
    const bool limits =
        one.set == engine::PolicySet::kServiceControl || one.set == engine::PolicySet::kBoundary;
    if (!one.matched || (limits && one.statement->effect() == engine::Effect::kAllow)) continue;
    out.matched_statements.push_back(
        {one.policy->name(),
         policy_type(one),
         {static_cast<int>(one.statement->at().line), static_cast<int>(one.statement->at().column)}});
  }
  const auto denied_by = [&](engine::PolicySet set) {
    return decision.is_missing(set) ||
           (decision.outcome == engine::Outcome::kExplicitDeny && decision.set == set);
  };
  if (!policies.lists().service_control.empty())
    out.organizations_decision_detail = {!denied_by(engine::PolicySet::kServiceControl)};
  if (policies.lists().boundary)
    out.permissions_boundary_decision_detail = {!denied_by(engine::PolicySet::kBoundary)};
  if (explain) out.explanation = engine::to_text(explanation);
  return out;
}

// About what one decision adds to a page: statements as if all had matched, for they take time as well, and
// the texts that grow with the request.
std::size_t size_of(const EvaluationResult& result, const engine::Explanation& explanation) {
  auto bytes = explanation.statements.size() * sizeof(MatchedStatement);
  for (const auto& key : result.missing_context_values) bytes += sizeof(key) + key.size();
  return bytes + (result.explanation ? result.explanation->size() : 0);
}

Result<auth::PolicyPtr> compile_input(const std::string& text, engine::PolicyKind kind, std::string name) {
  auto policy = engine::CompiledPolicy::compile(text, kind, name);
  if (policy) return std::make_shared<const engine::CompiledPolicy>(std::move(*policy));
  return std::unexpected(kInvalidInput(fmt::format("{}: {}", name, policy.error().message())));
}

Result<void> add_inputs(const SimulationInput& in, auth::EffectivePolicies::Lists& lists) {
  for (const auto& text : in.policy_input_list) {
    auto policy = compile_input(text, engine::PolicyKind::kIdentity,
                                fmt::format("PolicyInputList.{}", &text - in.policy_input_list.data() + 1));
    if (!policy) return std::unexpected(std::move(policy.error()));
    lists.identity.push_back(std::move(*policy));
  }
  if (in.permissions_boundary_policy_input_list.size() > 1)
    return std::unexpected(kInvalidInput("There can be one permissions boundary at most."));
  for (const auto& text : in.permissions_boundary_policy_input_list) {
    auto policy = compile_input(text, engine::PolicyKind::kIdentity, "PermissionsBoundaryPolicyInputList.1");
    if (!policy) return std::unexpected(std::move(policy.error()));
    lists.boundary = std::move(*policy);
  }
  return {};
}

// The caller's entries go before what is known.
auth::ContextKeys without_given(const SimulationInput& in, auth::ContextKeys known) {
  const auto is_given = [&](const std::string& key) {
    return std::ranges::any_of(in.context_entries, [&](const ContextEntry& entry) {
      return entry.context_key_name && engine::equal_folded(*entry.context_key_name, key);
    });
  };
  std::erase_if(known, [&](const auto& entry) { return is_given(entry.first); });
  return known;
}

auth::ContextKeys with_given(const SimulationInput& in, auth::ContextKeys known) {
  known = without_given(in, std::move(known));
  for (const auto& entry : in.context_entries) {
    if (!entry.context_key_name) continue;
    for (const auto& value : entry.context_key_values) known.emplace_back(*entry.context_key_name, value);
  }
  return known;
}

Result<std::size_t> begin_of(const std::optional<std::string>& marker) {
  std::size_t begin = 0;
  if (!marker) return begin;
  const auto [end, status] = std::from_chars(marker->data(), marker->data() + marker->size(), begin);
  if (status != std::errc() || end != marker->data() + marker->size())
    return std::unexpected(kInvalidInput("The Marker is not one that an earlier answer gave."));
  return begin;
}

awaitable<Result<SimulatePolicyResponse>> simulate(Call& call, SimulationInput in, SimulatedPrincipal who) {
  if (in.resource_arns.empty()) in.resource_arns.emplace_back("*");
  if (in.action_names.size() * in.resource_arns.size() > kMaxDecisions)
    co_return std::unexpected(kInvalidInput(fmt::format(
        "At most {} combinations of actions and resources are simulated at once.", kMaxDecisions)));
  if (auto ok = add_inputs(in, who.lists); !ok) co_return std::unexpected(std::move(ok.error()));
  auth::PolicyPtr resource_policy;
  if (in.resource_policy && !in.resource_policy->empty()) {
    auto policy = compile_input(*in.resource_policy, engine::PolicyKind::kResource, "ResourcePolicy");
    if (!policy) co_return std::unexpected(std::move(policy.error()));
    resource_policy = std::move(*policy);
  }
  const auto begin = begin_of(in.marker);
  if (!begin) co_return std::unexpected(begin.error());
  const auto limit = static_cast<std::size_t>(in.max_items.value_or(kDefaultPage));

  const auth::EffectivePolicies policies(std::move(who.lists), who.tags);
  const auto keys = with_given(
      in, auth::asker_keys(who.principal, who.tags, call.services.installation, call.services.clock.now()));
  SimulatePolicyResponse out;
  const auto total = in.action_names.size() * in.resource_arns.size();
  auto next = *begin;
  for (std::size_t bytes = 0; next < total && next - *begin < limit && bytes < kMaxPageBytes; ++next) {
    auth::Access access{.action = in.action_names[next / in.resource_arns.size()]};
    auto resource = co_await known_resource(call, in.resource_arns[next % in.resource_arns.size()]);
    resource.keys = without_given(in, std::move(resource.keys));
    resource.policy = resource_policy;
    access.about(std::move(resource));
    const auth::Question question(who.principal, std::move(access), keys);
    const auto explanation = engine::explain(question.request(), policies.sets());
    const auto& result = out.evaluation_results.emplace_back(
        to_shape(explanation, question, policies, in.explain.value_or(false)));
    bytes += size_of(result, explanation);
  }
  out.is_truncated = next < total;
  if (out.is_truncated) out.marker = std::to_string(next);
  co_return out;
}

awaitable<Result<auth::Access>> principal_access(Call&, SimulatePrincipalPolicyRequest& in) {
  co_return auth::Access{.action = "iam:SimulatePrincipalPolicy", .resources = {in.policy_source_arn}};
}

awaitable<Result<SimulatePolicyResponse>> simulate_principal(Call& call, SimulatePrincipalPolicyRequest in) {
  auto who = co_await find_principal(call, in.policy_source_arn);
  if (!who) co_return std::unexpected(std::move(who.error()));
  co_return co_await simulate(call, std::move(in), std::move(*who));
}

awaitable<Result<SimulatePolicyResponse>> simulate_custom(Call& call, SimulateCustomPolicyRequest in) {
  SimulatedPrincipal who;
  who.principal.kind = auth::PrincipalKind::kUser;
  who.principal.account = call.services.installation.account;
  who.principal.arn = in.caller_arn.value_or(call.services.installation.user_arn("simulation"));
  co_return co_await simulate(call, std::move(in), std::move(who));
}

}  // namespace

void register_simulation(Registry& registry) {
  registry.add(
      "iam", "SimulatePrincipalPolicy",
      query_operation<SimulatePrincipalPolicyRequest, SimulatePolicyResponse>(
          "SimulatePrincipalPolicy", kNamespace, {.access = principal_access, .run = simulate_principal}));
  registry.add("iam", "SimulateCustomPolicy",
               query_operation<SimulateCustomPolicyRequest, SimulatePolicyResponse>(
                   "SimulateCustomPolicy", kNamespace,
                   {.access = on_everything("iam:SimulateCustomPolicy"), .run = simulate_custom}));
}

}  // namespace postern::api::iam

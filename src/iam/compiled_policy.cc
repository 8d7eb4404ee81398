#include "iam/compiled_policy.h"

#include <algorithm>

namespace postern::iam {

std::string_view to_string(Element element) {
  switch (element) {
    case Element::kPrincipal:
      return "Principal";
    case Element::kAction:
      return "Action";
    case Element::kResource:
      return "Resource";
    case Element::kCondition:
      return "Condition";
  }
  return {};
}

CompiledStatement::CompiledStatement(const Statement& statement, Version version, std::size_t index)
    : effect_(statement.effect),
      action_sense_(statement.action.sense),
      index_(index),
      sid_(statement.sid.text),
      at_(statement.at) {
  for (const auto& action : statement.action.values) actions_.emplace_back(action.text);
  if (statement.resource) {
    resource_sense_ = statement.resource->sense;
    auto& resources = resources_.emplace();
    const auto variables = version == Version::k2012 ? Variables::kYes : Variables::kNo;
    for (const auto& resource : statement.resource->values)
      resources.emplace_back(resource.text, Wildcards::kYes, variables);
  }
  if (statement.principal) principal_.emplace(*statement.principal);
  for (const auto& condition : statement.conditions) conditions_.emplace_back(condition, version);
}

bool CompiledStatement::matches_action(const ActionName& action) const {
  const bool listed =
      std::ranges::any_of(actions_, [&](const ActionPattern& pattern) { return pattern.matches(action); });
  return listed == (action_sense_ == Sense::kListed);
}

bool CompiledStatement::matches_resource(const Query& query) const {
  if (!resources_) return true;
  const bool listed = std::ranges::any_of(*resources_, [&](const TextTemplate& resource) {
    const auto names = [&](std::string_view arn) {
      return resource.matches(arn, query.context, query.scratch.text);
    };
    return names(query.resource) || std::ranges::any_of(query.aliases, names);
  });
  return listed == (resource_sense_ == Sense::kListed);
}

PrincipalMatch CompiledStatement::matches_principal(const Principal& principal) const {
  return principal_ ? principal_->match(principal) : PrincipalMatch::kDirect;
}

bool CompiledStatement::matches_conditions(const Query& query) const {
  return std::ranges::all_of(
      conditions_, [&](const auto& condition) { return condition.matches(query.context, query.scratch); });
}

PrincipalMatch CompiledStatement::matches(const Query& query) const {
  if (!matches_action(query.action)) return PrincipalMatch::kNone;
  const auto principal = matches_principal(query.principal);
  // Conditions are mostly one look-up and one comparison, and resources patterns with several wildcards.
  if (principal == PrincipalMatch::kNone || !matches_conditions(query) || !matches_resource(query)) {
    return PrincipalMatch::kNone;
  }
  return principal;
}

CompiledPolicy::CompiledPolicy(const Policy& policy, std::string name)
    : name_(std::move(name)), kind_(policy.kind) {
  statements_.reserve(policy.statements.size());
  for (const auto& statement : policy.statements)
    statements_.emplace_back(statement, policy.version, statements_.size());
}

std::expected<CompiledPolicy, Problem> CompiledPolicy::compile(std::string_view text, PolicyKind kind,
                                                               std::string name, const PolicyLimits& limits) {
  auto policy = parse(text, kind, limits);
  if (!policy) return std::unexpected(std::move(policy.error()));
  return CompiledPolicy(*policy, std::move(name));
}

}  // namespace postern::iam

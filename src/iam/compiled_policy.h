#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iam/action.h"
#include "iam/condition.h"
#include "iam/parse.h"
#include "iam/policy.h"
#include "iam/principal.h"
#include "iam/text_template.h"

namespace postern::iam {

/// The elements of a statement that can keep it from applying.
enum class Element : std::uint8_t { kPrincipal, kAction, kResource, kCondition };
std::string_view to_string(Element element);

/// What a statement is held against: one action on one resource.
struct Query {
  const Principal& principal;
  const ActionName& action;
  std::string_view resource;
  ContextView context;
  Scratch& scratch;
  /// Other ARNs of the same resource.
  std::span<const std::string_view> aliases = {};
};

class CompiledStatement {
 public:
  CompiledStatement(const Statement& statement, Version version, std::size_t index);

  Effect effect() const { return effect_; }
  const std::string& sid() const { return sid_; }
  /// Its place in the policy, from 0.
  std::size_t index() const { return index_; }
  /// In the policy's text.
  Position at() const { return at_; }
  const std::vector<CompiledCondition>& conditions() const { return conditions_; }

  bool matches_action(const ActionName& action) const;
  bool matches_resource(const Query& query) const;
  /// kDirect where the statement has no principal, as in identity-based policies.
  PrincipalMatch matches_principal(const Principal& principal) const;
  bool matches_conditions(const Query& query) const;

  /// All of them; kNone when one fails.
  PrincipalMatch matches(const Query& query) const;

 private:
  Effect effect_;
  Sense action_sense_;
  Sense resource_sense_ = Sense::kListed;
  std::size_t index_;
  std::vector<ActionPattern> actions_;
  // Absent in trust policies, where every resource is meant.
  std::optional<std::vector<TextTemplate>> resources_;
  std::optional<PrincipalMatcher> principal_;
  std::vector<CompiledCondition> conditions_;
  std::string sid_;
  Position at_;
};

/// A policy in the form in which it is evaluated: made once per policy version, then shared. Immutable; any
/// number of threads may evaluate it.
class CompiledPolicy {
 public:
  /// `name` is what decisions and explanations call it: a policy's ARN, or `inline policy NAME of user NAME`.
  CompiledPolicy(const Policy& policy, std::string name);

  /// parse() and compile.
  static std::expected<CompiledPolicy, Problem> compile(std::string_view text, PolicyKind kind,
                                                        std::string name, const PolicyLimits& limits = {});

  const std::string& name() const { return name_; }
  PolicyKind kind() const { return kind_; }
  const std::vector<CompiledStatement>& statements() const { return statements_; }

 private:
  std::string name_;
  PolicyKind kind_;
  std::vector<CompiledStatement> statements_;
};

}  // namespace postern::iam

#include "iam/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "iam/condition.h"
#include "iam/json_reader.h"
#include "iam/text.h"
#include "iam/vocabulary.h"

namespace postern::iam {
namespace {

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

bool is_account(std::string_view name) {
  return name.ends_with(":root") || name.find_first_not_of("0123456789") == std::string_view::npos;
}

class Checker {
 public:
  explicit Checker(const Policy& policy) : policy_(policy) {}

  std::vector<Warning> run() {
    for (std::size_t i = 0; i < policy_.statements.size(); ++i) {
      path_ = fmt::format("Statement[{}]", i);
      const auto& statement = policy_.statements[i];
      check_actions(statement);
      if (statement.resource) check_resources(statement);
      if (statement.principal) check_principal(statement);
      for (const auto& condition : statement.conditions) check_condition(statement, condition);
    }
    std::ranges::sort(warnings_, {}, [](const Warning& warning) {
      return std::tuple(warning.at.line, warning.at.column, warning.code);
    });
    return std::move(warnings_);
  }

 private:
  void warn(WarningCode code, Position at, std::string_view element, std::string text) {
    warnings_.push_back({code, at, fmt::format("{}.{}", path_, element), std::move(text)});
  }

  void check_actions(const Statement& statement) {
    const bool listed = statement.action.sense == Sense::kListed;
    if (!listed && statement.effect == Effect::kAllow) {
      warn(WarningCode::kAllowWithNotAction, statement.action.at, "NotAction",
           "this allows every action of every service but those named, and each one that is added later");
    }
    for (std::size_t i = 0; i < statement.action.values.size(); ++i) {
      const auto& action = statement.action.values[i];
      if (know_action(action.text) != ActionKnowledge::kUnknown) continue;
      warn(WarningCode::kUnknownAction, action.at, fmt::format("{}[{}]", listed ? "Action" : "NotAction", i),
           fmt::format("there is no action {}", quoted(action.text)));
    }
  }

  void check_resources(const Statement& statement) {
    const bool listed = statement.resource->sense == Sense::kListed;
    const std::string element = listed ? "Resource" : "NotResource";
    if (!listed && statement.effect == Effect::kAllow) {
      warn(WarningCode::kAllowWithNotResource, statement.resource->at, element,
           "this allows the actions on every resource but those named");
    }
    for (std::size_t i = 0; i < statement.resource->values.size(); ++i) {
      const auto& resource = statement.resource->values[i];
      const auto path = fmt::format("{}[{}]", element, i);
      check_variables(resource, path);
      if (crosses_components(resource.text)) {
        warn(WarningCode::kWildcardAcrossComponents, resource.at, path,
             "a * inside a component, or in the type of the resource, can match across colons and slashes");
      }
    }
  }

  // A star with text on both sides in the first five components, or a wildcard in the type of the resource.
  static bool crosses_components(std::string_view arn) {
    for (int i = 0; i < 5; ++i) {
      const auto colon = arn.find(':');
      if (colon == std::string_view::npos) return false;
      const auto component = arn.substr(0, colon);
      if (component.size() > 1 && has_wildcard(component)) return true;
      arn.remove_prefix(colon + 1);
    }
    const auto end = arn.find_first_of("/:");
    return end != std::string_view::npos && has_wildcard(arn.substr(0, end));
  }

  void check_variables(const Located& value, const std::string& path) {
    if (policy_.version == Version::k2012 || variable_names(value.text).empty()) return;
    warn(WarningCode::kVariableIn2008, value.at, path,
         "variables mean themselves in Version 2008-10-17; write \"Version\": \"2012-10-17\"");
  }

  void check_principal(const Statement& statement) {
    const auto& principal = *statement.principal;
    if (principal.sense == Sense::kAllBut) {
      if (std::ranges::none_of(principal.names,
                               [](const auto& name) { return is_account(name.value.text); })) {
        warn(WarningCode::kNotPrincipalWithoutAccount, principal.at, "NotPrincipal",
             "without the account beside them, those named are not excepted");
      }
      return;
    }
    if (statement.effect == Effect::kDeny || !statement.conditions.empty()) return;
    const bool everyone = principal.everyone || std::ranges::any_of(principal.names, [](const auto& name) {
                            return name.value.text == "*";
                          });
    if (everyone)
      warn(WarningCode::kWildcardPrincipal, principal.at, "Principal",
           "this allows everyone, anonymous callers too, and no condition limits it");
  }

  void check_condition(const Statement& statement, const Condition& condition) {
    const auto path = child_path("Condition", condition.operator_name.text);
    const auto key_path = child_path(path, condition.key.text);
    check_operator(statement, condition, path, key_path);
    check_key(statement, condition, key_path);
    if (condition.values.empty())
      warn(WarningCode::kEmptyValues, condition.key.at, key_path,
           "there are no values, and so none that fits");
    for (std::size_t i = 0; i < condition.values.size(); ++i)
      check_value(condition, i, fmt::format("{}[{}]", key_path, i));
  }

  void check_operator(const Statement& statement, const Condition& condition, const std::string& path,
                      const std::string& key_path) {
    const auto& op = condition.op;
    if (op.if_exists && op.negated && op.set == SetOperator::kNone) {
      warn(WarningCode::kIfExistsOnNegated, condition.operator_name.at, path,
           "a negated operator is true where the key is absent, with IfExists or without");
    }
    if (op.set == SetOperator::kForAllValues && statement.effect == Effect::kAllow &&
        !demands(statement, condition.key.text)) {
      warn(WarningCode::kForAllValuesWithoutNull, condition.operator_name.at, path,
           fmt::format("ForAllValues is true where the key is absent; add \"Null\": {{{}: \"false\"}}",
                       quoted(condition.key.text)));
    }
    if (op.set == SetOperator::kNone && op.kind != ValueKind::kNull &&
        is_multivalued_key(condition.key.text)) {
      warn(WarningCode::kMultivaluedKeyWithoutSet, condition.key.at, key_path,
           "the key can have several values: say ForAllValues: or ForAnyValue:");
    }
    const bool only_false =
        condition.values.size() == 1 && equal_folded(condition.values.front().text, "false");
    if (op.kind == ValueKind::kBool && !op.if_exists && only_false &&
        equal_folded(condition.key.text, "aws:MultiFactorAuthPresent")) {
      warn(WarningCode::kBoolFalseWithoutIfExists, condition.operator_name.at, path,
           "with long-term keys this key is absent, which is not \"false\": say BoolIfExists");
    }
  }

  static bool demands(const Statement& statement, std::string_view key) {
    return std::ranges::any_of(statement.conditions, [&](const Condition& each) {
      return each.op.kind == ValueKind::kNull && equal_folded(each.key.text, key) &&
             each.values.size() == 1 && equal_folded(each.values.front().text, "false");
    });
  }

  void check_key(const Statement& statement, const Condition& condition, const std::string& path) {
    const auto& key = condition.key;
    if (know_key(key.text, "*") == KeyKnowledge::kUnknown) {
      warn(WarningCode::kUnknownKey, key.at, path,
           fmt::format("there is no condition key {}", quoted(key.text)));
      return;
    }
    if (statement.action.sense == Sense::kAllBut) return;
    const bool never = std::ranges::all_of(statement.action.values, [&](const Located& action) {
      return know_key(key.text, action.text) == KeyKnowledge::kNever;
    });
    if (never)
      warn(WarningCode::kKeyNeverPresent, key.at, path, "requests for these actions never have this key");
  }

  void check_value(const Condition& condition, std::size_t index, const std::string& path) {
    const auto& value = condition.values[index];
    const auto kind = condition.op.kind;
    const bool variables = !variable_names(value.text).empty();
    if (takes_variables(kind)) {
      check_variables(value, path);
    } else if (variables) {
      warn(WarningCode::kVariableNotTaken, value.at, path,
           fmt::format("{} takes no variables", to_string(condition.op)));
      return;
    }
    if (!variables && !is_readable(kind, value.text)) {
      warn(WarningCode::kUnreadableValue, value.at, path,
           fmt::format("{} can't read {}, which so fits nothing", to_string(condition.op),
                       quoted(value.text)));
    }
    if ((kind == ValueKind::kString || kind == ValueKind::kStringIgnoreCase) && !variables &&
        value.text.find('$') == std::string::npos && has_wildcard(value.text)) {
      warn(WarningCode::kWildcardNotTaken, value.at, path,
           fmt::format("{} takes * and ? literally; StringLike does not", to_string(condition.op)));
    }
  }

  const Policy& policy_;
  std::string path_;
  std::vector<Warning> warnings_;
};

}  // namespace

std::string_view to_string(WarningCode code) {
  switch (code) {
    case WarningCode::kUnknownAction:
      return "unknown-action";
    case WarningCode::kUnknownKey:
      return "unknown-key";
    case WarningCode::kKeyNeverPresent:
      return "key-never-present";
    case WarningCode::kAllowWithNotAction:
      return "allow-with-not-action";
    case WarningCode::kAllowWithNotResource:
      return "allow-with-not-resource";
    case WarningCode::kWildcardPrincipal:
      return "wildcard-principal";
    case WarningCode::kForAllValuesWithoutNull:
      return "for-all-values-without-null";
    case WarningCode::kIfExistsOnNegated:
      return "if-exists-on-negated";
    case WarningCode::kBoolFalseWithoutIfExists:
      return "bool-false-without-if-exists";
    case WarningCode::kVariableIn2008:
      return "variable-in-2008";
    case WarningCode::kVariableNotTaken:
      return "variable-not-taken";
    case WarningCode::kWildcardNotTaken:
      return "wildcard-not-taken";
    case WarningCode::kUnreadableValue:
      return "unreadable-value";
    case WarningCode::kWildcardAcrossComponents:
      return "wildcard-across-components";
    case WarningCode::kEmptyValues:
      return "empty-values";
    case WarningCode::kMultivaluedKeyWithoutSet:
      return "multivalued-key-without-set";
    case WarningCode::kNotPrincipalWithoutAccount:
      return "not-principal-without-account";
  }
  return {};
}

std::string Warning::message() const {
  return fmt::format("line {}, column {}: {}: {} [{}]", at.line, at.column, path, text, to_string(code));
}

std::vector<Warning> check(const Policy& policy) {
  return Checker(policy).run();
}

}  // namespace postern::iam

#include "iam/parse_elements.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "iam/text.h"
#include "iam/text_template.h"

namespace postern::iam {
namespace {

using Fault = std::optional<Problem>;

Problem problem(Position at, std::string path, std::string what, std::string expected) {
  return {at, std::move(path), std::move(what), std::move(expected)};
}

bool is_text(const JsonValue& value) {
  return value.kind == JsonKind::kString;
}
// A condition's values may be written as numbers and booleans too.
bool is_scalar(const JsonValue& value) {
  return value.kind == JsonKind::kString || value.kind == JsonKind::kNumber || value.kind == JsonKind::kBool;
}

/// One value or a list of them, each accepted by `accept` and looked at by `inspect`.
std::expected<std::vector<Located>, Problem> read_values(
    const JsonValue& value, const ElementContext& context, bool (*accept)(const JsonValue&),
    const std::function<Fault(const JsonValue&, const std::string&)>& inspect) {
  std::vector<Located> values;
  const auto read_one = [&](const JsonValue& one, const std::string& path) -> Fault {
    if (!accept(one))
      return problem(one.at, path, describe(one) + " can't stand here", "a string, or a list of strings");
    if (auto fault = inspect(one, path)) return fault;
    values.push_back({one.text, one.at});
    return std::nullopt;
  };
  if (value.kind != JsonKind::kArray) {
    if (auto fault = read_one(value, context.path)) return std::unexpected(*fault);
    return values;
  }
  if (value.items.size() > context.limits.values) {
    return std::unexpected(problem(value.at, context.path,
                                   fmt::format("the list has {} values", value.items.size()),
                                   fmt::format("at most {}", context.limits.values)));
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (auto fault = read_one(value.items[i], fmt::format("{}[{}]", context.path, i)))
      return std::unexpected(*fault);
  }
  return values;
}

Fault not_empty(const JsonValue& value, const ElementContext& context) {
  if (value.kind != JsonKind::kArray || !value.items.empty()) return std::nullopt;
  return problem(value.at, context.path, "the list is empty", "at least one value");
}

bool is_action_character(char c) {
  return (c >= '0' && c <= '9') || (fold(c) >= 'a' && fold(c) <= 'z') || c == '*' || c == '?';
}

Fault inspect_action(const JsonValue& value, const std::string& path) {
  const std::string_view text = value.text;
  if (text == "*") return std::nullopt;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return problem(value.at, path, quoted(text) + " names no service",
                   "SERVICE:ACTION, like \"ssm:StartSession\", or \"*\"");
  }
  const auto service = text.substr(0, colon);
  const auto name = text.substr(colon + 1);
  const bool service_fits = service == "*" || std::ranges::all_of(service, [](char c) {
                              return c == '-' || (is_action_character(c) && c != '*' && c != '?');
                            });
  if (!service_fits)
    return problem(value.at, path, quoted(service) + " is not a service",
                   "letters, digits and hyphens, without wildcards");
  if (name.empty() || !std::ranges::all_of(name, is_action_character)) {
    return problem(value.at, path, quoted(name) + " is not an action",
                   "letters, digits, * and ? after the colon");
  }
  return std::nullopt;
}

Fault inspect_variables(const JsonValue& value, const std::string& path, Version version) {
  if (version != Version::k2012) return std::nullopt;
  const auto fault = find_template_fault(value.text);
  if (!fault) return std::nullopt;
  return problem(value.at, path, fmt::format("in {}, {}", quoted(value.text), *fault),
                 "${KEY}, ${KEY, 'DEFAULT'}, ${*}, ${?} or ${$}");
}

// Six parts, or fewer where the last one ends with a wildcard that stands for the rest.
bool looks_like_arn(std::string_view text) {
  if (!text.starts_with("arn:")) return false;
  return std::ranges::count(text, ':') >= 5 || text.ends_with('*');
}

std::optional<PrincipalClass> principal_class(std::string_view name) {
  for (const auto each : {PrincipalClass::kAws, PrincipalClass::kFederated, PrincipalClass::kService,
                          PrincipalClass::kCanonicalUser}) {
    if (to_string(each) == name) return each;
  }
  return std::nullopt;
}

Fault inspect_principal(const JsonValue& value, const std::string& path, PrincipalClass principal) {
  const std::string_view text = value.text;
  if (text.empty()) return problem(value.at, path, "a principal has no empty name", "a name");
  if (principal != PrincipalClass::kAws || text == "*") return std::nullopt;
  if (text.find_first_of("*?") != std::string_view::npos) {
    return problem(value.at, path, quoted(text) + " has a wildcard, which is not allowed within a principal",
                   "\"*\" alone, or a whole ARN");
  }
  const bool account =
      text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool unique_id =
      std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }) &&
      text.starts_with('A');
  const bool arn = text.starts_with("arn:") && std::ranges::count(text, ':') >= 5;
  if (account || unique_id || arn) return std::nullopt;
  return problem(value.at, path, quoted(text) + " is not a principal",
                 "an account's 12 digits, an ARN, a unique id, or \"*\"");
}

std::string closest_operator(std::string_view name) {
  // The usual slips: a set operator or IfExists spelt in another place or case is accepted; what is left is
  // the base's name.
  if (const auto colon = name.find(':');
      colon != std::string_view::npos && !parse_operator(name) && parse_operator(name.substr(colon + 1))) {
    return "ForAllValues: or ForAnyValue: before the colon";
  }
  return "an operator like StringEquals, NumericLessThan, DateGreaterThan, Bool, BinaryEquals, IpAddress, "
         "ArnLike or Null";
}

Fault inspect_key(const Located& key, const std::string& path) {
  const auto colon = key.text.find(':');
  if (colon != std::string::npos && colon != 0 && colon + 1 < key.text.size()) return std::nullopt;
  return problem(key.at, path, quoted(key.text) + " is not a condition key",
                 "SERVICE:KEY, like \"aws:SourceIp\"");
}

Fault read_condition_block(const JsonMember& block, const ElementContext& context,
                           std::vector<Condition>& out) {
  const auto path = child_path(context.path, block.name.text);
  const auto op = parse_operator(block.name.text);
  if (!op)
    return problem(block.name.at, path, quoted(block.name.text) + " is not a condition operator",
                   closest_operator(block.name.text));
  if (block.value.kind != JsonKind::kObject) {
    return problem(block.value.at, path, describe(block.value) + " can't stand here",
                   "an object of condition keys and their values");
  }
  std::set<std::string> seen;
  for (const auto& [key, value] : block.value.members) {
    const auto inner = child_path(path, key.text);
    if (auto fault = inspect_key(key, inner)) return fault;
    if (!seen.insert(folded(key.text)).second) {
      return problem(key.at, inner, "this key occurs twice under the same operator; case makes no difference",
                     "each key once");
    }
    const ElementContext here{context.policy, context.limits, inner};
    auto values = read_values(value, here, is_scalar, [&](const JsonValue& one, const std::string& place) {
      return takes_variables(op->kind) ? inspect_variables(one, place, context.policy.version) : std::nullopt;
    });
    if (!values) return values.error();
    out.push_back({*op, block.name, key, std::move(*values)});
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(PrincipalClass principal) {
  switch (principal) {
    case PrincipalClass::kAws:
      return "AWS";
    case PrincipalClass::kFederated:
      return "Federated";
    case PrincipalClass::kService:
      return "Service";
    case PrincipalClass::kCanonicalUser:
      return "CanonicalUser";
  }
  return {};
}

std::expected<ListElement, Problem> read_actions(const JsonValue& value, const ElementContext& context) {
  if (auto fault = not_empty(value, context)) return std::unexpected(*fault);
  auto values = read_values(value, context, is_text, inspect_action);
  if (!values) return std::unexpected(values.error());
  return ListElement{.values = std::move(*values)};
}

std::expected<ListElement, Problem> read_resources(const JsonValue& value, const ElementContext& context) {
  if (auto fault = not_empty(value, context)) return std::unexpected(*fault);
  auto values =
      read_values(value, context, is_text, [&](const JsonValue& one, const std::string& path) -> Fault {
        if (one.text != "*" && !looks_like_arn(one.text)) {
          return problem(one.at, path, quoted(one.text) + " is not a resource",
                         "an ARN, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or \"*\"");
        }
        return inspect_variables(one, path, context.policy.version);
      });
  if (!values) return std::unexpected(values.error());
  return ListElement{.values = std::move(*values)};
}

std::expected<PrincipalElement, Problem> read_principal(const JsonValue& value,
                                                        const ElementContext& context) {
  constexpr auto kExpected = "\"*\", or an object with AWS, Federated, Service or CanonicalUser";
  PrincipalElement out;
  if (value.kind == JsonKind::kString && value.text == "*") {
    out.everyone = true;
    return out;
  }
  if (value.kind != JsonKind::kObject || value.members.empty()) {
    return std::unexpected(
        problem(value.at, context.path, describe(value) + " is not a principal", kExpected));
  }
  for (const auto& [name, names] : value.members) {
    const auto path = child_path(context.path, name.text);
    const auto principal = principal_class(name.text);
    if (!principal)
      return std::unexpected(problem(name.at, path, quoted(name.text) + " is not a kind of principal",
                                     "AWS, Federated, Service or CanonicalUser"));
    const ElementContext here{context.policy, context.limits, path};
    if (auto fault = not_empty(names, here)) return std::unexpected(*fault);
    auto values = read_values(names, here, is_text, [&](const JsonValue& one, const std::string& place) {
      return inspect_principal(one, place, *principal);
    });
    if (!values) return std::unexpected(values.error());
    for (auto& each : *values) out.names.push_back({*principal, std::move(each)});
  }
  return out;
}

std::expected<std::vector<Condition>, Problem> read_conditions(const JsonValue& value,
                                                               const ElementContext& context) {
  if (value.kind != JsonKind::kObject) {
    return std::unexpected(
        problem(value.at, context.path, describe(value) + " is not a condition", "an object of operators"));
  }
  std::vector<Condition> out;
  std::set<std::string> seen;
  for (const auto& block : value.members) {
    if (!seen.insert(folded(block.name.text)).second) {
      return std::unexpected(problem(block.name.at, child_path(context.path, block.name.text),
                                     "this operator occurs twice; case makes no difference",
                                     "each operator once, with all its keys"));
    }
    if (auto fault = read_condition_block(block, context, out)) return std::unexpected(*fault);
  }
  return out;
}

}  // namespace postern::iam

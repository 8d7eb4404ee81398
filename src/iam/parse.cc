#include "iam/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "iam/json_reader.h"
#include "iam/parse_elements.h"
#include "iam/text.h"

namespace postern::iam {
namespace {

bool has_principal(PolicyKind kind) {
  return kind == PolicyKind::kResource || kind == PolicyKind::kTrust;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (fold(c) >= 'a' && fold(c) <= 'z');
}

class PolicyReader {
 public:
  PolicyReader(PolicyKind kind, const PolicyLimits& limits) : limits_(limits) { policy_.kind = kind; }

  std::expected<Policy, Problem> run(const JsonValue& root) {
    if (!document(root)) return std::unexpected(problem_);
    return std::move(policy_);
  }

 private:
  bool fail(Position at, std::string path, std::string what, std::string expected) {
    problem_ = {at, std::move(path), std::move(what), std::move(expected)};
    return false;
  }
  template <class T>
  bool take(std::expected<T, Problem>&& from, T& to) {
    if (!from) {
      problem_ = std::move(from.error());
      return false;
    }
    to = std::move(*from);
    return true;
  }

  bool document(const JsonValue& root) {
    if (root.kind != JsonKind::kObject)
      return fail(root.at, "", "a policy is not " + describe(root), "a JSON object");
    // The version decides how everything else is read, wherever it stands.
    for (const auto& member : root.members) {
      if (member.name.text == "Version" && !version(member.value)) return false;
    }
    const JsonValue* statements = nullptr;
    for (const auto& [name, value] : root.members) {
      if (name.text == "Version") continue;
      if (name.text == "Id") {
        if (value.kind != JsonKind::kString)
          return fail(value.at, "Id", "an Id is not " + describe(value), "a string");
        policy_.id = value.text;
      } else if (name.text == "Statement") {
        statements = &value;
      } else {
        return unknown(name, "", {"Version", "Id", "Statement"});
      }
    }
    if (statements == nullptr)
      return fail(root.at, "", "the policy has no Statement", "a member \"Statement\"");
    return read_statements(*statements);
  }

  bool unknown(const Located& name, std::string_view path, std::initializer_list<std::string_view> known) {
    std::string expected = "one of";
    for (const auto each : known) {
      if (equal_folded(each, name.text)) {
        return fail(name.at, child_path(path, name.text), "names of elements are case-sensitive",
                    quoted(each));
      }
      expected += fmt::format("{} {}", expected == "one of" ? "" : ",", each);
    }
    return fail(name.at, child_path(path, name.text), "there is no element of this name here", expected);
  }

  bool version(const JsonValue& value) {
    constexpr auto kExpected = "\"2012-10-17\" or \"2008-10-17\"";
    if (value.kind != JsonKind::kString || (value.text != "2012-10-17" && value.text != "2008-10-17")) {
      return fail(value.at, "Version", describe(value) + " is not a version of the policy language",
                  kExpected);
    }
    policy_.version = value.text == "2012-10-17" ? Version::k2012 : Version::k2008;
    return true;
  }

  bool read_statements(const JsonValue& value) {
    if (value.kind == JsonKind::kObject) return statement(value, "Statement");
    if (value.kind != JsonKind::kArray || value.items.empty()) {
      return fail(value.at, "Statement",
                  value.items.empty() && value.kind == JsonKind::kArray
                      ? "the list is empty"
                      : describe(value) + " is not a statement",
                  "a statement, or a list of at least one");
    }
    if (value.items.size() > limits_.statements) {
      return fail(value.at, "Statement", fmt::format("there are {} statements", value.items.size()),
                  fmt::format("at most {}", limits_.statements));
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (!statement(value.items[i], fmt::format("Statement[{}]", i))) return false;
    }
    return true;
  }

  bool statement(const JsonValue& value, const std::string& path) {
    if (value.kind != JsonKind::kObject)
      return fail(value.at, path, describe(value) + " is not a statement", "an object");
    Statement& out = policy_.statements.emplace_back();
    out.at = value.at;
    Seen seen;
    for (const auto& [name, member] : value.members) {
      if (!element(out, seen, name, member, path)) return false;
    }
    return complete(out, seen, path);
  }

  struct Seen {
    bool effect = false;
    bool action = false;
  };

  bool element(Statement& out, Seen& seen, const Located& name, const JsonValue& value,
               const std::string& path) {
    const auto inner = child_path(path, name.text);
    const ElementContext context{policy_, limits_, inner};
    if (name.text == "Sid") return sid(out, value, inner);
    if (name.text == "Effect") {
      seen.effect = true;
      return effect(out, value, inner);
    }
    if (name.text == "Action" || name.text == "NotAction") {
      if (seen.action) return both(name, path, "Action", "NotAction");
      seen.action = true;
      return take(read_actions(value, context), out.action) && place(out.action, name);
    }
    if (name.text == "Resource" || name.text == "NotResource") {
      if (out.resource) return both(name, path, "Resource", "NotResource");
      if (policy_.kind == PolicyKind::kTrust) {
        return fail(name.at, inner, "a trust policy has no resource: it is about the role that it belongs to",
                    "no such element");
      }
      return take(read_resources(value, context), out.resource.emplace()) && place(*out.resource, name);
    }
    if (name.text == "Principal" || name.text == "NotPrincipal") {
      if (out.principal) return both(name, path, "Principal", "NotPrincipal");
      return principal(out, name, value, context);
    }
    if (name.text == "Condition") return take(read_conditions(value, context), out.conditions);
    return unknown(name, path,
                   {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
                    "NotResource", "Condition"});
  }

  static bool place(ListElement& element, const Located& name) {
    element.at = name.at;
    element.sense = name.text.starts_with("Not") ? Sense::kAllBut : Sense::kListed;
    return true;
  }

  bool both(const Located& name, const std::string& path, std::string_view one, std::string_view other) {
    return fail(name.at, path, fmt::format("a statement can't have both {} and {}", one, other),
                "one of them");
  }

  bool principal(Statement& out, const Located& name, const JsonValue& value, const ElementContext& context) {
    if (!has_principal(policy_.kind)) {
      return fail(name.at, context.path,
                  fmt::format("the {} policy has no principal: it is about whoever it is attached to",
                              to_string(policy_.kind)),
                  "no such element");
    }
    if (!take(read_principal(value, context), out.principal.emplace())) return false;
    out.principal->at = name.at;
    if (name.text == "Principal") return true;
    out.principal->sense = Sense::kAllBut;
    if (policy_.kind == PolicyKind::kTrust) {
      return fail(name.at, context.path, "a trust policy can't have NotPrincipal", "\"Principal\"");
    }
    return true;
  }

  bool sid(Statement& out, const JsonValue& value, const std::string& path) {
    if (value.kind != JsonKind::kString)
      return fail(value.at, path, describe(value) + " is not a Sid", "a string");
    out.sid = {value.text, value.at};
    // Resource policies of several services allow blanks and punctuation; identity policies don't.
    if (!has_principal(policy_.kind) && !std::ranges::all_of(value.text, is_letter_or_digit)) {
      return fail(value.at, path, describe(value) + " is not a Sid", "letters A-Z, a-z and digits only");
    }
    if (!value.text.empty() && !sids_.insert(value.text).second) {
      return fail(value.at, path, "another statement has the Sid " + describe(value),
                  "each Sid once in a policy");
    }
    return true;
  }

  bool effect(Statement& out, const JsonValue& value, const std::string& path) {
    if (value.kind != JsonKind::kString || (value.text != "Allow" && value.text != "Deny")) {
      return fail(value.at, path, describe(value) + " is not an effect", "\"Allow\" or \"Deny\"");
    }
    out.effect = value.text == "Allow" ? Effect::kAllow : Effect::kDeny;
    return true;
  }

  bool complete(const Statement& out, const Seen& seen, const std::string& path) {
    if (!seen.effect)
      return fail(out.at, path, "the statement has no Effect", "\"Effect\": \"Allow\" or \"Deny\"");
    if (!seen.action) return fail(out.at, path, "the statement has no Action", "\"Action\" or \"NotAction\"");
    if (!out.resource && policy_.kind != PolicyKind::kTrust) {
      return fail(out.at, path, "the statement has no Resource", "\"Resource\" or \"NotResource\"");
    }
    if (has_principal(policy_.kind) && !out.principal) {
      return fail(out.at, path,
                  fmt::format("a {} policy says whom it is about, and this statement doesn't",
                              to_string(policy_.kind)),
                  "\"Principal\"");
    }
    if (out.principal && out.principal->sense == Sense::kAllBut && out.effect == Effect::kAllow) {
      return fail(out.principal->at, path,
                  "NotPrincipal with Allow would allow everyone but those named, anonymous callers too",
                  "\"Principal\", or Effect \"Deny\"");
    }
    return true;
  }

  const PolicyLimits& limits_;
  Policy policy_;
  std::set<std::string> sids_;
  Problem problem_;
};

}  // namespace

std::string_view to_string(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kIdentity:
      return "identity-based";
    case PolicyKind::kResource:
      return "resource-based";
    case PolicyKind::kTrust:
      return "trust";
    case PolicyKind::kServiceControl:
      return "service control";
    case PolicyKind::kSession:
      return "session";
  }
  return {};
}

std::size_t counted_characters(std::string_view text, SizeRule rule) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [&](char c) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    return !is_continuation(c) && !(blank && rule == SizeRule::kWithoutBlanks);
  }));
}

std::expected<Policy, Problem> parse(std::string_view text, PolicyKind kind, const PolicyLimits& limits) {
  const auto too_large = [](std::size_t size, std::size_t most, std::string_view unit) {
    return std::unexpected(
        Problem{{}, "", fmt::format("the policy has {} {}", size, unit), fmt::format("at most {}", most)});
  };
  if (text.size() > limits.bytes) return too_large(text.size(), limits.bytes, "bytes");
  const auto characters = counted_characters(text, limits.rule);
  if (characters > limits.characters) {
    return too_large(characters, limits.characters,
                     limits.rule == SizeRule::kWithoutBlanks ? "characters besides blanks" : "characters");
  }
  const auto root = read_json(text);
  if (!root) return std::unexpected(root.error());
  return PolicyReader(kind, limits).run(*root);
}

}  // namespace postern::iam

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/operators.h"
#include "iam/problem.h"

/// A policy as it is written, element by element, each with its place: what parse() gives, check() reads and
/// CompiledPolicy is made from.
namespace postern::iam {

enum class Version : std::uint8_t { k2008, k2012 };
enum class Effect : std::uint8_t { kDeny, kAllow };

/// Where a policy is attached decides which elements it must and must not have.
enum class PolicyKind : std::uint8_t {
  /// Managed or inline policy of a user, group or role, and permissions boundaries: no principal.
  kIdentity,
  /// Attached to a resource: names a principal.
  kResource,
  /// A role's AssumeRole policy: names a principal, has no resource.
  kTrust,
  /// Attached to an organization's root, unit or account: no principal.
  kServiceControl,
  /// Passed to AssumeRole: no principal.
  kSession,
};
std::string_view to_string(PolicyKind kind);

enum class PrincipalClass : std::uint8_t { kAws, kFederated, kService, kCanonicalUser };
std::string_view to_string(PrincipalClass principal);

/// Whether an element lists what it means or, as NotAction, everything else.
enum class Sense : std::uint8_t { kListed, kAllBut };

struct NamedPrincipal {
  PrincipalClass principal = PrincipalClass::kAws;
  Located value;

  bool operator==(const NamedPrincipal&) const = default;
};

struct PrincipalElement {
  Sense sense = Sense::kListed;
  Position at;
  /// `"*"` instead of an object: everyone, anonymous callers too.
  bool everyone = false;
  std::vector<NamedPrincipal> names;

  bool operator==(const PrincipalElement&) const = default;
};

struct ListElement {
  Sense sense = Sense::kListed;
  Position at;
  std::vector<Located> values;

  bool operator==(const ListElement&) const = default;
};

/// One key under one operator. All conditions of a statement must hold, and one of a condition's values.
struct Condition {
  Operator op;
  Located operator_name;
  Located key;
  std::vector<Located> values;

  bool operator==(const Condition&) const = default;
};

struct Statement {
  Position at;
  Located sid;
  Effect effect = Effect::kDeny;
  std::optional<PrincipalElement> principal;
  ListElement action;
  /// Absent in trust policies only.
  std::optional<ListElement> resource;
  std::vector<Condition> conditions;

  bool operator==(const Statement&) const = default;
};

struct Policy {
  PolicyKind kind = PolicyKind::kIdentity;
  Version version = Version::k2008;
  std::string id;
  std::vector<Statement> statements;

  bool operator==(const Policy&) const = default;
};

}  // namespace postern::iam

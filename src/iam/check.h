#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iam/policy.h"

namespace postern::iam {

enum class WarningCode : std::uint8_t {
  /// A service that Postern knows has no such action.
  kUnknownAction,
  kUnknownKey,
  /// None of the statement's actions has the key, so that the condition is decided by its absence.
  kKeyNeverPresent,
  kAllowWithNotAction,
  kAllowWithNotResource,
  /// Anybody, unless a condition limits it.
  kWildcardPrincipal,
  /// ForAllValues is true where the key is absent.
  kForAllValuesWithoutNull,
  /// A negated operator is true where the key is absent anyway.
  kIfExistsOnNegated,
  /// `Bool` with "false" doesn't fit an absent key.
  kBoolFalseWithoutIfExists,
  kVariableIn2008,
  /// Variables mean nothing under this operator.
  kVariableNotTaken,
  /// `*` or `?` under an operator that takes them literally.
  kWildcardNotTaken,
  /// A value that the operator can't read fits nothing.
  kUnreadableValue,
  /// A wildcard that may match more of an ARN than its component.
  kWildcardAcrossComponents,
  kEmptyValues,
  kMultivaluedKeyWithoutSet,
  /// NotPrincipal excepts nobody whose account it does not name as well.
  kNotPrincipalWithoutAccount,
};
/// As `postern policy check` prints it: `allow-with-not-action`.
std::string_view to_string(WarningCode code);

/// Something that is valid and surely not meant.
struct Warning {
  WarningCode code = WarningCode::kUnknownAction;
  Position at;
  /// `Statement[0].Action[1]`
  std::string path;
  std::string text;

  /// `line 3, column 14: Statement[0].Action[1]: TEXT [CODE]`
  std::string message() const;
  bool operator==(const Warning&) const = default;
};

/// In the order of the text. Pure.
std::vector<Warning> check(const Policy& policy);

}  // namespace postern::iam

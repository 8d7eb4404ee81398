#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::iam {

/// What a condition operator makes of its values.
enum class ValueKind : std::uint8_t {
  kString,
  kStringIgnoreCase,
  kStringLike,
  kNumeric,
  kDate,
  kBool,
  kBinary,
  kIpAddress,
  /// ArnEquals and ArnLike are the same.
  kArn,
  kNull,
};

enum class Comparison : std::uint8_t { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

enum class SetOperator : std::uint8_t { kNone, kForAllValues, kForAnyValue };

/// A condition operator, taken apart: `ForAnyValue:StringNotLikeIfExists`.
struct Operator {
  ValueKind kind = ValueKind::kString;
  /// For kNumeric and kDate; kEqual elsewhere.
  Comparison comparison = Comparison::kEqual;
  bool negated = false;
  SetOperator set = SetOperator::kNone;
  bool if_exists = false;

  bool operator==(const Operator&) const = default;
};

/// Names are taken without regard to case. Nothing when there is no such operator; `Null` has no IfExists
/// form.
std::optional<Operator> parse_operator(std::string_view name);

/// As AWS's documentation spells it.
std::string to_string(const Operator& op);

/// Does `*` and `?` in this kind's values mean more than themselves?
bool takes_wildcards(ValueKind kind);
/// Are `${...}` in this kind's values variables? (String and ARN operators only.)
bool takes_variables(ValueKind kind);

}  // namespace postern::iam

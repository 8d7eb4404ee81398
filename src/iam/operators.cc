#include "iam/operators.h"

#include <algorithm>
#include <array>

#include "iam/text.h"

namespace postern::iam {
namespace {

struct Base {
  std::string_view name;
  ValueKind kind;
  Comparison comparison = Comparison::kEqual;
  bool negated = false;
};

// IAM User Guide, "IAM JSON policy elements: Condition operators". Where two names mean the same, the later
// is only read.
constexpr std::array kBases = {
    Base{"StringEquals", ValueKind::kString},
    Base{"StringNotEquals", ValueKind::kString, Comparison::kEqual, true},
    Base{"StringEqualsIgnoreCase", ValueKind::kStringIgnoreCase},
    Base{"StringNotEqualsIgnoreCase", ValueKind::kStringIgnoreCase, Comparison::kEqual, true},
    Base{"StringLike", ValueKind::kStringLike},
    Base{"StringNotLike", ValueKind::kStringLike, Comparison::kEqual, true},
    Base{"NumericEquals", ValueKind::kNumeric},
    Base{"NumericNotEquals", ValueKind::kNumeric, Comparison::kEqual, true},
    Base{"NumericLessThan", ValueKind::kNumeric, Comparison::kLess},
    Base{"NumericLessThanEquals", ValueKind::kNumeric, Comparison::kLessOrEqual},
    Base{"NumericGreaterThan", ValueKind::kNumeric, Comparison::kGreater},
    Base{"NumericGreaterThanEquals", ValueKind::kNumeric, Comparison::kGreaterOrEqual},
    Base{"DateEquals", ValueKind::kDate},
    Base{"DateNotEquals", ValueKind::kDate, Comparison::kEqual, true},
    Base{"DateLessThan", ValueKind::kDate, Comparison::kLess},
    Base{"DateLessThanEquals", ValueKind::kDate, Comparison::kLessOrEqual},
    Base{"DateGreaterThan", ValueKind::kDate, Comparison::kGreater},
    Base{"DateGreaterThanEquals", ValueKind::kDate, Comparison::kGreaterOrEqual},
    Base{"Bool", ValueKind::kBool},
    Base{"BinaryEquals", ValueKind::kBinary},
    Base{"IpAddress", ValueKind::kIpAddress},
    Base{"NotIpAddress", ValueKind::kIpAddress, Comparison::kEqual, true},
    Base{"ArnLike", ValueKind::kArn},
    Base{"ArnNotLike", ValueKind::kArn, Comparison::kEqual, true},
    Base{"ArnEquals", ValueKind::kArn},
    Base{"ArnNotEquals", ValueKind::kArn, Comparison::kEqual, true},
    Base{"Null", ValueKind::kNull},
};

bool remove_prefix(std::string_view& text, std::string_view prefix) {
  if (!equal_folded(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || !equal_folded(text.substr(text.size() - suffix.size()), suffix))
    return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::optional<Operator> parse_operator(std::string_view name) {
  Operator op;
  if (remove_prefix(name, "ForAllValues:")) {
    op.set = SetOperator::kForAllValues;
  } else if (remove_prefix(name, "ForAnyValue:")) {
    op.set = SetOperator::kForAnyValue;
  }
  op.if_exists = remove_suffix(name, "IfExists");
  const auto* base = std::ranges::find_if(kBases, [&](const Base& b) { return equal_folded(b.name, name); });
  if (base == kBases.end() || (base->kind == ValueKind::kNull && op.if_exists)) return std::nullopt;
  op.kind = base->kind;
  op.comparison = base->comparison;
  op.negated = base->negated;
  return op;
}

std::string to_string(const Operator& op) {
  const auto* base = std::ranges::find_if(kBases, [&](const Base& b) {
    return b.kind == op.kind && b.comparison == op.comparison && b.negated == op.negated;
  });
  std::string text;
  if (op.set == SetOperator::kForAllValues) text = "ForAllValues:";
  if (op.set == SetOperator::kForAnyValue) text = "ForAnyValue:";
  if (base != kBases.end()) text += base->name;
  if (op.if_exists) text += "IfExists";
  return text;
}

bool takes_wildcards(ValueKind kind) {
  return kind == ValueKind::kStringLike || kind == ValueKind::kArn;
}

bool takes_variables(ValueKind kind) {
  return kind == ValueKind::kString || kind == ValueKind::kStringIgnoreCase ||
         kind == ValueKind::kStringLike || kind == ValueKind::kArn;
}

}  // namespace postern::iam

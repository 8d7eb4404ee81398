#include "iam/condition.h"

#include <algorithm>

#include "base/encoding.h"
#include "iam/arn_pattern.h"
#include "iam/text.h"

namespace postern::iam {
namespace {

template <class T>
bool holds(Comparison comparison, const T& request, const T& policy) {
  switch (comparison) {
    case Comparison::kEqual:
      return request == policy;
    case Comparison::kLess:
      return request < policy;
    case Comparison::kLessOrEqual:
      return request <= policy;
    case Comparison::kGreater:
      return request > policy;
    case Comparison::kGreaterOrEqual:
      return request >= policy;
  }
  return false;
}

// Context values stay where they are during an evaluation, so the same place is the same text.
const std::optional<IpAddress>& address_of(std::string_view text, Scratch& scratch) {
  if (scratch.address_text.data() != text.data() || scratch.address_text.size() != text.size()) {
    scratch.address_text = text;
    scratch.address = parse_ip(text);
  }
  return scratch.address;
}

/// Does one of `values`, of those that hold a T, satisfy `test`?
template <class T, class Values, class Test>
bool any_of(const Values& values, const Test& test) {
  return std::ranges::any_of(values, [&](const auto& value) {
    const auto* typed = std::get_if<T>(&value);
    return typed != nullptr && test(*typed);
  });
}

/// Reads the request's value once and tries it against each of the policy's.
template <class T, class Values, class Read, class Test>
bool any_typed(const Values& values, std::string_view text, const Read& read, const Test& test) {
  const auto& request = read(text);
  return request && any_of<T>(values, [&](const T& policy) { return test(*request, policy); });
}

}  // namespace

CompiledCondition::CompiledCondition(const Condition& condition, Version version)
    : op_(condition.op), spelling_(condition.key.text), key_(condition.key.text) {
  values_.reserve(condition.values.size());
  for (const auto& value : condition.values) values_.push_back(read(op_.kind, value.text, version));
}

CompiledCondition::Value CompiledCondition::read(ValueKind kind, const std::string& text, Version version) {
  const auto of = [](const auto& value) { return value ? Value(*value) : Value(Unreadable{}); };
  switch (kind) {
    case ValueKind::kNumeric:
      return of(parse_decimal(text));
    case ValueKind::kDate:
      return of(parse_date(text));
    case ValueKind::kBool:
    case ValueKind::kNull:
      return of(parse_bool(text));
    case ValueKind::kIpAddress:
      return of(parse_ip_range(text));
    case ValueKind::kBinary:
      return from_base64(text) ? Value(text) : Value(Unreadable{});
    default:
      break;
  }
  const bool variables = takes_variables(kind) && version == Version::k2012;
  return TextTemplate(text, takes_wildcards(kind) ? Wildcards::kYes : Wildcards::kNo,
                      variables ? Variables::kYes : Variables::kNo);
}

bool CompiledCondition::fits_text(std::string_view value, const ContextView& context,
                                  std::string& scratch) const {
  return any_of<TextTemplate>(values_, [&](const TextTemplate& policy) {
    switch (op_.kind) {
      case ValueKind::kStringLike:
        return policy.matches(value, context, scratch);
      case ValueKind::kArn: {
        const auto pattern = policy.resolve(context, scratch);
        return pattern && arn_matches(*pattern, value);
      }
      case ValueKind::kStringIgnoreCase: {
        const auto text = policy.resolve(context, scratch);
        return text && equal_folded(*text, value);
      }
      default: {
        const auto text = policy.resolve(context, scratch);
        return text && *text == value;
      }
    }
  });
}

bool CompiledCondition::fits(std::string_view value, const ContextView& context, Scratch& scratch) const {
  switch (op_.kind) {
    case ValueKind::kNumeric:
      return any_typed<Decimal>(values_, value, parse_decimal, [&](const Decimal& a, const Decimal& b) {
        return holds(op_.comparison, a, b);
      });
    case ValueKind::kDate:
      return any_typed<Timestamp>(values_, value, parse_date,
                                  [&](Timestamp a, Timestamp b) { return holds(op_.comparison, a, b); });
    case ValueKind::kBool:
      return any_typed<bool>(values_, value, parse_bool, [](bool a, bool b) { return a == b; });
    case ValueKind::kIpAddress:
      return any_typed<IpRange>(
          values_, value,
          [&](std::string_view text) -> const std::optional<IpAddress>& { return address_of(text, scratch); },
          [](const IpAddress& a, const IpRange& b) { return b.contains(a); });
    // Both sides are base64, of which each value has one form.
    case ValueKind::kBinary:
      return any_of<std::string>(values_, [&](const std::string& policy) { return policy == value; });
    default:
      return fits_text(value, context, scratch.text);
  }
}

bool CompiledCondition::matches(const ContextView& context, Scratch& scratch) const {
  const auto values = context.find(key_);
  if (op_.kind == ValueKind::kNull)
    return any_of<bool>(values_, [&](bool null) { return null == values.empty(); });
  if (values.empty()) {
    if (op_.if_exists || op_.set == SetOperator::kForAllValues) return true;
    return op_.set == SetOperator::kNone && op_.negated;
  }
  const auto fit = [&](const Context::Entry& entry) { return fits(entry.value, context, scratch); };
  switch (op_.set) {
    case SetOperator::kForAllValues:
      return std::ranges::all_of(values, [&](const auto& entry) { return fit(entry) != op_.negated; });
    case SetOperator::kForAnyValue:
      return std::ranges::any_of(values, [&](const auto& entry) { return fit(entry) != op_.negated; });
    case SetOperator::kNone:
      break;
  }
  return std::ranges::any_of(values, fit) != op_.negated;
}

bool is_readable(ValueKind kind, std::string_view text) {
  switch (kind) {
    case ValueKind::kNumeric:
      return parse_decimal(text).has_value();
    case ValueKind::kDate:
      return parse_date(text).has_value();
    case ValueKind::kBool:
    case ValueKind::kNull:
      return parse_bool(text).has_value();
    case ValueKind::kIpAddress:
      return parse_ip_range(text).has_value();
    case ValueKind::kBinary:
      return from_base64(text).has_value();
    case ValueKind::kArn:
      return is_arn_pattern(text);
    default:
      return true;
  }
}

}  // namespace postern::iam

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "iam/context.h"
#include "iam/policy.h"
#include "iam/text_template.h"
#include "iam/values.h"

namespace postern::iam {

/// What one evaluation reuses from statement to statement. Not shared between threads or evaluations: it
/// remembers values by where they lie.
struct Scratch {
  /// For what variables resolve to.
  std::string text;
  /// The address that was read last, which policies look at again and again, and what it is.
  std::string_view address_text;
  std::optional<IpAddress> address;
};

/// One condition, its values read once.
///
/// A policy's values are alternatives: one of them must fit. A negated operator holds where its counterpart
/// does not, whatever the reason: an absent key, a value that can't be read, a variable without a value (IAM
/// User Guide, "Multiple values for a condition operator": negated operators are a NOR).
///
///     no set operator   a key with several values fits when one of them does
///     ForAllValues:     each of the request's values must satisfy the operator; true where there are none
///     ForAnyValue:      at least one must; false where there are none
///     ...IfExists       true where the key is absent
class CompiledCondition {
 public:
  CompiledCondition(const Condition& condition, Version version);

  bool matches(const ContextView& context, Scratch& scratch) const;

  const Operator& op() const { return op_; }
  const std::string& key() const { return spelling_; }

 private:
  /// Of a policy's value that the operator can't read; fits nothing.
  struct Unreadable {};
  using Value = std::variant<Unreadable, TextTemplate, std::string, Decimal, Timestamp, IpRange, bool>;

  static Value read(ValueKind kind, const std::string& text, Version version);
  /// Does the positive form of the operator fit the request's `value`?
  bool fits(std::string_view value, const ContextView& context, Scratch& scratch) const;
  bool fits_text(std::string_view value, const ContextView& context, std::string& scratch) const;

  Operator op_;
  std::string spelling_;
  ContextKey key_;
  std::vector<Value> values_;
};

/// Can this kind of operator read `text`? For check(); texts with variables are not looked at.
bool is_readable(ValueKind kind, std::string_view text);

}  // namespace postern::iam

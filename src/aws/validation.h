#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"

namespace re2 {
class RE2;
}

namespace postern::aws {

/// A pattern of AWS's service models, matched against whole values in linear time. Copies share it;
/// thread-safe.
class Pattern {
 public:
  /// `text` is our own constant: it must be a valid RE2 expression.
  explicit Pattern(std::string_view text);
  bool matches(std::string_view value) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> compiled_;
};

/// Collects what in a request breaks the service's model and words it as AWS does:
/// "1 validation error detected: Value 'x' at 'target' failed to satisfy constraint: Member must have ...".
/// `at` is the member's place in lower camel case, `filters.1.member.key`. Lengths count Unicode characters.
class Validation {
 public:
  void required(std::string_view at, bool present);
  void min_length(std::string_view at, std::string_view value, std::size_t min);
  void max_length(std::string_view at, std::string_view value, std::size_t max);
  void length(std::string_view at, std::string_view value, std::size_t min, std::size_t max);
  void range(std::string_view at, std::int64_t value, std::int64_t min, std::int64_t max);
  void pattern(std::string_view at, std::string_view value, const Pattern& pattern);
  void one_of(std::string_view at, std::string_view value, std::span<const std::string_view> allowed);
  /// A list's length; `shown` stands for the list in the message.
  void list_size(std::string_view at, std::string_view shown, std::size_t size, std::size_t min,
                 std::size_t max);
  /// Any other constraint, after "failed to satisfy constraint: ".
  void fail(std::string_view at, std::string_view value, std::string_view constraint);

  /// ValidationException with everything found, or nothing when all is well.
  std::optional<ApiError> error() const;

 private:
  std::vector<std::string> problems_;
};

}  // namespace postern::aws

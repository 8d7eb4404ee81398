#include "aws/validation.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/check.h"

namespace postern::aws {
namespace {

// A message repeats the value; a long one is cut, which AWS does too for some services.
constexpr std::size_t kMaxShownBytes = 1024;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string shown_value(std::string_view value) {
  if (value.size() <= kMaxShownBytes) return std::string(value);
  auto cut = kMaxShownBytes;
  while (cut > 0 && (static_cast<unsigned char>(value[cut]) & 0xc0) == 0x80) --cut;
  return std::string(value.substr(0, cut)) + "...";
}

}  // namespace

Pattern::Pattern(std::string_view text)
    : text_(text),
      compiled_(std::make_shared<re2::RE2>(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet)) {
  POSTERN_CHECK(compiled_->ok());
}

bool Pattern::matches(std::string_view value) const {
  return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *compiled_);
}

void Validation::fail(std::string_view at, std::string_view value, std::string_view constraint) {
  problems_.push_back(
      fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", shown_value(value), at, constraint));
}

void Validation::required(std::string_view at, bool present) {
  if (present) return;
  problems_.push_back(
      fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", at));
}

void Validation::min_length(std::string_view at, std::string_view value, std::size_t min) {
  if (characters(value) < min)
    fail(at, value, fmt::format("Member must have length greater than or equal to {}", min));
}

void Validation::max_length(std::string_view at, std::string_view value, std::size_t max) {
  if (characters(value) > max)
    fail(at, value, fmt::format("Member must have length less than or equal to {}", max));
}

void Validation::length(std::string_view at, std::string_view value, std::size_t min, std::size_t max) {
  min_length(at, value, min);
  max_length(at, value, max);
}

void Validation::range(std::string_view at, std::int64_t value, std::int64_t min, std::int64_t max) {
  const auto text = std::to_string(value);
  if (value < min) fail(at, text, fmt::format("Member must have value greater than or equal to {}", min));
  if (value > max) fail(at, text, fmt::format("Member must have value less than or equal to {}", max));
}

void Validation::pattern(std::string_view at, std::string_view value, const Pattern& pattern) {
  if (!pattern.matches(value)) {
    fail(at, value, fmt::format("Member must satisfy regular expression pattern: {}", pattern.text()));
  }
}

void Validation::one_of(std::string_view at, std::string_view value,
                        std::span<const std::string_view> allowed) {
  if (std::ranges::find(allowed, value) != allowed.end()) return;
  fail(at, value, fmt::format("Member must satisfy enum value set: [{}]", fmt::join(allowed, ", ")));
}

void Validation::list_size(std::string_view at, std::string_view shown, std::size_t size, std::size_t min,
                           std::size_t max) {
  if (size < min) fail(at, shown, fmt::format("Member must have length greater than or equal to {}", min));
  if (size > max) fail(at, shown, fmt::format("Member must have length less than or equal to {}", max));
}

std::optional<ApiError> Validation::error() const {
  if (problems_.empty()) return std::nullopt;
  return kValidation(fmt::format("{} validation error{} detected: {}", problems_.size(),
                                 problems_.size() == 1 ? "" : "s", fmt::join(problems_, "; ")));
}

}  // namespace postern::aws

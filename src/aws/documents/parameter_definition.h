#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_codec.h"

namespace re2 {
class RE2;
}

namespace postern::aws {

/// A document's `allowedPattern`: found anywhere in the value unless it says otherwise with ^ and $, in
/// linear time, with the syntax of AWS's agent (RE2: no look-around, no back-references). Copies share it;
/// thread-safe.
class AllowedPattern {
 public:
  /// Error: why RE2 can't compile it.
  static std::expected<AllowedPattern, std::string> compile(std::string_view text);
  bool found_in(std::string_view value) const;
  const std::string& text() const { return text_; }

 private:
  AllowedPattern() = default;

  std::string text_;
  std::shared_ptr<const re2::RE2> compiled_;
};

enum class ParameterType { kString, kStringList, kInteger, kBoolean };

std::string_view to_string(ParameterType type);

/// One entry of a document's `parameters`.
struct ParameterDefinition {
  std::string name;
  ParameterType type = ParameterType::kString;
  std::string description;
  /// In the JSON type that the parameter has; a parameter without default must be given.
  std::optional<boost::json::value> default_value;
  std::vector<std::string> allowed_values;
  std::optional<AllowedPattern> allowed_pattern;
  /// Of a String, or of each element of a StringList; in characters.
  std::optional<std::size_t> min_chars;
  std::optional<std::size_t> max_chars;
  /// Of a StringList.
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items;
};

/// Reads and checks a definition; the default must satisfy what it says itself.
std::expected<ParameterDefinition, DecodeError> parse_parameter_definition(std::string name,
                                                                           const boost::json::value& from);

/// The values that StartSession was given for the parameter, checked, in the JSON type that goes into the
/// document. Error: what is wrong, without the value, which may be secret.
std::expected<boost::json::value, std::string> check_parameter(const ParameterDefinition& definition,
                                                               const std::vector<std::string>& given);

}  // namespace postern::aws

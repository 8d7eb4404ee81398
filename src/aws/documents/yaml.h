#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/json_codec.h"

namespace postern::aws {

/// What a YAML text may hold, aliases written out: documents are at most 64 KiB, and a few aliases of aliases
/// would make gigabytes of them.
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 20'000;
inline constexpr std::size_t kMaxYamlTextBytes = std::size_t{1} << 20;

/// Parses one YAML document into the values that JSON has. Plain scalars are null, true, false and the
/// numbers that JSON can spell; everything else is text (so `yes`, `0x10` and dates are text). Refused, with
/// line and column: tags other than !!str, merge keys, duplicate keys, keys that are no scalars, aliases of
/// themselves, more than one document, and what passes the limits above.
std::expected<boost::json::value, DecodeError> parse_yaml(std::string_view text);

/// Block style, members in order; parse_yaml() gives the same value back. Ends in a newline.
std::string write_yaml(const boost::json::value& value);

}  // namespace postern::aws

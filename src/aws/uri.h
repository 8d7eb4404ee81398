#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::aws {

/// Percent-encodes everything but the unreserved characters of RFC 3986 section 2.3, as SigV4 wants it:
/// upper-case digits, a blank as `%20`. `keep` names further characters that stay as they are.
std::string uri_encode(std::string_view text, std::string_view keep = {});

/// What a `+` in the text stands for.
enum class Plus { kLiteral, kBlank };

/// Undoes percent-encoding; nothing when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> uri_decode(std::string_view text, Plus plus);

}  // namespace postern::aws

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern {

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);

/// Accepts both cases; nothing when the length is odd or a character is not a hexadecimal digit.
std::optional<Bytes> from_hex(std::string_view text);

/// Standard alphabet with padding (RFC 4648 section 4), no line breaks.
std::string to_base64(ByteView bytes);

/// Strict: standard alphabet, padding required, no blanks, unused bits zero. Nothing otherwise.
std::optional<Bytes> from_base64(std::string_view text);

/// RFC 4648 section 5: `-` and `_`, no padding, as JOSE writes it.
std::string to_base64url(ByteView bytes);
/// Strict: no padding, unused bits zero. Nothing otherwise.
std::optional<Bytes> from_base64url(std::string_view text);

/// RFC 4648 section 6 without padding: the seeds of authenticator apps.
std::string to_base32(ByteView bytes);

}  // namespace postern

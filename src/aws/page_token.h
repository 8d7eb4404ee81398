#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "aws/error.h"
#include "base/secret.h"

namespace postern::aws {

/// NextToken: `payload` (where the next page begins) with a MAC, so that only our own tokens come back. The
/// payload is not hidden. `purpose` names the operation, so that one operation's token is no other's.
std::string encode_page_token(std::string_view payload, std::string_view purpose, const Secret& key);

/// The payload. Error: InvalidNextToken for anything that encode_page_token did not make with the same
/// purpose and key.
std::expected<std::string, ApiError> decode_page_token(std::string_view token, std::string_view purpose,
                                                       const Secret& key);

}  // namespace postern::aws

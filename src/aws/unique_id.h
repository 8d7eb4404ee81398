#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

/// IAM's unique ids (IAM User Guide, "IAM identifiers"): the beginning says what an id names, and none is
/// given twice.
namespace postern::aws {

inline constexpr std::string_view kUserIdPrefix = "AIDA";
inline constexpr std::string_view kGroupIdPrefix = "AGPA";
inline constexpr std::string_view kRoleIdPrefix = "AROA";
inline constexpr std::string_view kPolicyIdPrefix = "ANPA";
inline constexpr std::string_view kInstanceProfileIdPrefix = "AIPA";
/// A user's long-term access key, and a temporary one.
inline constexpr std::string_view kAccessKeyPrefix = "AKIA";
inline constexpr std::string_view kTemporaryKeyPrefix = "ASIA";

/// The prefix and 17 random letters and digits: 85 bits.
inline std::string make_unique_id(std::string_view prefix) {
  return std::string(prefix) + random_text(17, kBase32Alphabet);
}

/// The prefix and 16 random letters and digits, as access keys have.
inline std::string make_access_key_id(std::string_view prefix) {
  return std::string(prefix) + random_text(16, kBase32Alphabet);
}

}  // namespace postern::aws

#pragma once

#include <string>

#include "api/identity_change.h"
#include "aws/error.h"

/// IAM's error codes ("IAM API Reference", errors of each operation), and refusals in its words.
namespace postern::api::iam {

inline constexpr aws::ErrorCode kDeleteConflict{"DeleteConflict", 409};
inline constexpr aws::ErrorCode kEntityAlreadyExists{"EntityAlreadyExists", 409};
inline constexpr aws::ErrorCode kInvalidInput{"InvalidInput", 400};
inline constexpr aws::ErrorCode kLimitExceeded{"LimitExceeded", 409};
inline constexpr aws::ErrorCode kMalformedPolicyDocument{"MalformedPolicyDocument", 400};
inline constexpr aws::ErrorCode kNoSuchEntity{"NoSuchEntity", 404};
inline constexpr aws::ErrorCode kUnmodifiableEntity{"UnmodifiableEntity", 400};

[[noreturn]] inline void refuse(const aws::ErrorCode& code, std::string message) {
  throw Refusal(code(std::move(message)));
}

/// Throws LimitExceeded when there are `limit` already.
inline void require_below(std::size_t count, std::size_t limit, const std::string& what) {
  if (count >= limit)
    refuse(kLimitExceeded, "Cannot exceed quota for " + what + ": " + std::to_string(limit));
}

}  // namespace postern::api::iam

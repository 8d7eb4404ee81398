#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"

namespace postern::aws {

/// Those that Postern itself refers to.
inline constexpr std::string_view kAdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess";
inline constexpr std::string_view kManagedInstanceCore =
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

struct BuiltInPolicyVersion {
  std::int64_t number = 1;
  /// JSON; parses under IAM's limits for managed policies.
  std::string_view document;
  Timestamp created;
};

/// A managed policy that is there without anybody's having created it, owned by the service as AWS's are: it
/// can be attached, not changed or deleted.
struct BuiltInPolicy {
  std::string_view name;
  /// `/` or `/service-role/` and the like.
  std::string_view path;
  std::string_view arn;
  /// `ANPA...`; the same everywhere and always.
  std::string_view policy_id;
  std::string_view description;
  /// Oldest first, the last is the default.
  std::span<const BuiltInPolicyVersion> versions;

  const BuiltInPolicyVersion& default_version() const { return versions.back(); }
  /// Nothing when there is no such version.
  const BuiltInPolicyVersion* find_version(std::int64_t number) const;
};

/// Ordered by name.
std::span<const BuiltInPolicy> built_in_policies();

/// Nothing when there is none with this ARN.
const BuiltInPolicy* find_built_in_policy(std::string_view arn);

}  // namespace postern::aws

#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "iam/policy.h"
#include "iam/problem.h"

namespace postern::iam {

/// What IAM counts towards a policy's size.
enum class SizeRule { kWithoutBlanks, kAllCharacters };

/// How large a policy may be. The defaults of the members are what we refuse whatever the caller says.
struct PolicyLimits {
  /// Characters; by IAM's rule, blanks between tokens don't count (kWithoutBlanks leaves out those inside
  /// strings too, as IAM does).
  std::size_t characters = 131'072;
  SizeRule rule = SizeRule::kWithoutBlanks;
  /// Bytes of text that are looked at at all.
  std::size_t bytes = 262'144;
  /// Values in one Action, Resource, Principal or condition.
  std::size_t values = 2'000;
  std::size_t statements = 1'000;
};

/// "IAM and AWS STS quotas"; "Quotas for AWS Organizations" for service control policies.
constexpr PolicyLimits kManagedPolicyLimits{.characters = 6'144};
constexpr PolicyLimits kUserInlineLimits{.characters = 2'048};
constexpr PolicyLimits kGroupInlineLimits{.characters = 5'120};
constexpr PolicyLimits kRoleInlineLimits{.characters = 10'240};
constexpr PolicyLimits kTrustPolicyLimits{.characters = 2'048};
constexpr PolicyLimits kSessionPolicyLimits{.characters = 2'048};
constexpr PolicyLimits kServiceControlLimits{.characters = 5'120, .rule = SizeRule::kAllCharacters};

/// The characters of `text` that IAM counts.
std::size_t counted_characters(std::string_view text, SizeRule rule);

/// Reads a policy of AWS's language, Version 2008-10-17 or 2012-10-17 (IAM User Guide, "Grammar of the IAM
/// JSON policy language"), or says what is wrong first. Element names are case-sensitive, operators and
/// condition keys are not. Pure.
std::expected<Policy, Problem> parse(std::string_view text, PolicyKind kind, const PolicyLimits& limits = {});

}  // namespace postern::iam

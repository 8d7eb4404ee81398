#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/sts/shapes.h"
#include "auth/access.h"
#include "aws/validation.h"
#include "store/repositories.h"

/// What AssumeRole and AssumeRoleWithWebIdentity have in common: a session of a role, and what is asked of
/// it.
namespace postern::api::sts {

inline constexpr std::chrono::seconds kMinSession{900};
inline constexpr std::chrono::seconds kMaxSession{43'200};
inline constexpr std::chrono::seconds kDefaultSession{3'600};
/// A session that was assumed with the credentials of another can't be longer ("role chaining").
inline constexpr std::chrono::seconds kMaxChainedSession{3'600};
/// What a request gives and what goes on from the caller's session, together.
inline constexpr std::size_t kMaxTags = 50;

struct SessionRequest {
  std::string role_arn;
  std::string role_session_name;
  std::optional<int> duration_seconds;
  std::optional<std::string> policy;
  std::vector<PolicyDescriptor> policy_arns;
};
BOOST_DESCRIBE_STRUCT(SessionRequest, (),
                      (role_arn, role_session_name, duration_seconds, policy, policy_arns))

void check_session_request(aws::Validation& validation, const SessionRequest& request);
/// Member names as in requests: `tags`, `transitiveTagKeys`.
void check_tags(aws::Validation& validation, const store::Tags& tags,
                const std::vector<std::string>& transitive);
void check_source_identity(aws::Validation& validation, const std::optional<std::string>& source_identity);

/// Session policies must be policies, and policies that there are. Errors: MalformedPolicyDocument,
/// PackedPolicyTooLarge, ValidationError.
awaitable<Result<void>> check_session_policies(Call& call, SessionRequest request);

/// How much of what a session may carry is carried, in percent, rounded up.
std::optional<int> packed_policy_size(const SessionRequest& request, const store::Tags& tags);

struct FoundRole {
  store::Role role;
  store::Tags tags;
};
/// The role with exactly this ARN.
awaitable<std::optional<FoundRole>> find_role(Call& call, std::string role_arn);

/// Errors: ValidationError when it is longer than the role, or chaining, allows.
Result<std::chrono::seconds> session_lifetime(const SessionRequest& request, const store::Role& role,
                                              std::chrono::seconds at_most);

/// Stores credentials for the session; `record` says who and with what.
awaitable<auth::IssuedCredentials> start_role_session(Call& call, store::TemporaryCredential record,
                                                      std::chrono::seconds lifetime);

AssumedRoleUser assumed_role_user(const Call& call, const store::Role& role, const std::string& session_name);

}  // namespace postern::api::sts

#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/operation.h"
#include "store/repositories.h"

namespace postern::api::organizations {

inline constexpr std::string_view kServiceControlType = "SERVICE_CONTROL_POLICY";
/// AWS's own policy, attached everywhere until somebody detaches it.
inline constexpr std::string_view kFullAccessId = "p-FullAWSAccess";

/// Ids and ARNs, which follow from the account's number.
struct Organization {
  explicit Organization(const auth::Installation& installation);

  std::string arn(const std::string& resource) const;
  std::string policy_arn(const std::string& policy_id) const;
  /// Of the root or the account; nothing for another id.
  std::optional<std::string> target_arn(const std::string& target_id) const;
  aws::ApiError no_such_target(const std::string& target_id) const;

  std::string partition;
  std::string account;
  /// `o-...` and `r-...`
  std::string id;
  std::string root_id;
};

struct PolicySummary {
  std::string id;
  std::string arn;
  std::string name;
  std::string description;
  std::string type = std::string(kServiceControlType);
  bool aws_managed = false;
};
BOOST_DESCRIBE_STRUCT(PolicySummary, (), (id, arn, name, description, type, aws_managed))

struct PolicyShape {
  PolicySummary policy_summary;
  std::string content;
};
BOOST_DESCRIBE_STRUCT(PolicyShape, (), (policy_summary, content))

PolicySummary to_summary(const Organization& organization, const store::ServiceControlPolicy& policy);

/// The policies by name, AWS's own among them, whether it is stored yet or not.
std::vector<store::ServiceControlPolicy> all_policies(store::Repositories& repos,
                                                      const Organization& organization, Timestamp now);
std::optional<store::ServiceControlPolicy> find_policy(store::Repositories& repos,
                                                       const Organization& organization,
                                                       const std::string& id, Timestamp now);

/// Before the first change: AWS's own policy becomes a stored one, attached to root and account, so that what
/// is attached from now on stands beside it.
void prepare_policies(store::Repositories& repos, const Organization& organization, Timestamp now);

inline constexpr aws::ErrorCode kPolicyNotFound{"PolicyNotFoundException", 400};
inline constexpr aws::ErrorCode kTargetNotFound{"TargetNotFoundException", 400};
inline constexpr aws::ErrorCode kDuplicatePolicy{"DuplicatePolicyException", 400};
inline constexpr aws::ErrorCode kDuplicateAttachment{"DuplicatePolicyAttachmentException", 400};
inline constexpr aws::ErrorCode kNotAttached{"PolicyNotAttachedException", 400};
inline constexpr aws::ErrorCode kPolicyInUse{"PolicyInUseException", 400};
inline constexpr aws::ErrorCode kMalformedPolicy{"MalformedPolicyDocumentException", 400};
inline constexpr aws::ErrorCode kConstraintViolation{"ConstraintViolationException", 400};
inline constexpr aws::ErrorCode kInvalidInput{"InvalidInputException", 400};

aws::ApiError no_such_policy(const std::string& id);

/// `organizations:ACTION` on the policy that a member of the request names, with `organizations:PolicyType`.
template <class In>
auto on_policy(std::string action) {
  return [action = std::move(action)](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    const Organization organization(call.services.installation);
    auth::Access access{.action = action, .resources = {organization.policy_arn(in.policy_id)}};
    access.keys.emplace_back("organizations:PolicyType", std::string(kServiceControlType));
    if constexpr (requires { in.target_id; }) {
      if (auto target = organization.target_arn(in.target_id))
        access.resources.emplace_back(std::move(*target));
    }
    co_return access;
  };
}

}  // namespace postern::api::organizations

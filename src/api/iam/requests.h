#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/iam/shapes.h"
#include "aws/validation.h"
#include "iam/parse.h"
#include "store/repositories.h"

/// What requests are checked for: names, paths, tags and policy texts, by IAM's service model and its quotas.
namespace postern::api::iam {

/// Quotas of "IAM and AWS STS quotas": AWS's defaults, except for those that its customers commonly have
/// raised.
inline constexpr std::size_t kMaxUsers = 5'000;
inline constexpr std::size_t kMaxGroups = 500;
inline constexpr std::size_t kMaxRoles = 5'000;
inline constexpr std::size_t kMaxInstanceProfiles = 5'000;
inline constexpr std::size_t kMaxPolicies = 5'000;
inline constexpr std::size_t kMaxPolicyVersions = 5;
inline constexpr std::size_t kMaxGroupsOfUser = 10;
inline constexpr std::size_t kMaxAttachments = 20;
inline constexpr std::size_t kMaxAccessKeys = 2;
inline constexpr std::size_t kMaxTags = 50;

/// Names are one and the same whatever their case.
bool is_same_name(std::string_view one, std::string_view other);

void check_user_name(aws::Validation& validation, std::string_view at, const std::string& name);
/// Group and instance profile names may be longer than those of users and roles, and so may policies'.
void check_long_name(aws::Validation& validation, std::string_view at, const std::string& name);
void check_path(aws::Validation& validation, const std::optional<std::string>& path);
void check_path_prefix(aws::Validation& validation, const std::optional<std::string>& prefix);
void check_policy_arn(aws::Validation& validation, std::string_view at, const std::string& arn);
void check_document(aws::Validation& validation, std::string_view at, const std::string& document);
void check_tags(aws::Validation& validation, const std::vector<Tag>& tags);
void check_tag_keys(aws::Validation& validation, const std::vector<std::string>& keys);
void check_paging(aws::Validation& validation, const std::optional<std::string>& marker,
                  const std::optional<int>& max_items);

/// What ListUsers, ListGroups, ListRoles and ListInstanceProfiles ask for.
struct ListByPathRequest {
  std::optional<std::string> path_prefix;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const;
};
BOOST_DESCRIBE_STRUCT(ListByPathRequest, (), (path_prefix, marker, max_items))

/// Throws Refusal, DeleteConflict in AWS's words, while a user, group or role has policies of its own or
/// attached.
void require_no_policies(store::Repositories& repos, const std::string& holder_id);

/// Throws Refusal: MalformedPolicyDocument with line and column, or LimitExceeded.
void require_policy(const std::string& document, postern::iam::PolicyKind kind,
                    const postern::iam::PolicyLimits& limits);

/// Throws Refusal: LimitExceeded when there would be more than 50, InvalidInput for keys that are ours or
/// that differ only in case.
void require_tags(const store::Tags& present, const std::vector<Tag>& added);

}  // namespace postern::api::iam

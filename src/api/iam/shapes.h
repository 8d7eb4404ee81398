#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/iam/entities.h"
#include "store/repositories.h"

/// What several operations answer, as IAM's service model has it.
namespace postern::api::iam {

struct Tag {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

std::vector<Tag> to_shape(const store::Tags& tags);
store::Tags to_record(const std::vector<Tag>& tags);

struct BoundaryShape {
  std::string permissions_boundary_type = "PermissionsBoundaryPolicy";
  std::string permissions_boundary_arn;
};
BOOST_DESCRIBE_STRUCT(BoundaryShape, (), (permissions_boundary_type, permissions_boundary_arn))

struct UserShape {
  std::string path;
  std::string user_name;
  std::string user_id;
  std::string arn;
  Timestamp create_date;
  std::optional<Timestamp> password_last_used;
  std::optional<BoundaryShape> permissions_boundary;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(UserShape, (),
                      (path, user_name, user_id, arn, create_date, password_last_used, permissions_boundary,
                       tags))

struct GroupShape {
  std::string path;
  std::string group_name;
  std::string group_id;
  std::string arn;
  Timestamp create_date;
};
BOOST_DESCRIBE_STRUCT(GroupShape, (), (path, group_name, group_id, arn, create_date))

struct RoleLastUsed {
  std::optional<Timestamp> last_used_date;
  std::optional<std::string> region;
};
BOOST_DESCRIBE_STRUCT(RoleLastUsed, (), (last_used_date, region))

struct RoleShape {
  std::string path;
  std::string role_name;
  std::string role_id;
  std::string arn;
  Timestamp create_date;
  std::string assume_role_policy_document;
  std::optional<std::string> description;
  int max_session_duration = 3600;
  std::optional<BoundaryShape> permissions_boundary;
  std::optional<std::vector<Tag>> tags;
  std::optional<RoleLastUsed> role_last_used;
};
BOOST_DESCRIBE_STRUCT(RoleShape, (),
                      (path, role_name, role_id, arn, create_date, assume_role_policy_document, description,
                       max_session_duration, permissions_boundary, tags, role_last_used))

struct InstanceProfileShape {
  std::string path;
  std::string instance_profile_name;
  std::string instance_profile_id;
  std::string arn;
  Timestamp create_date;
  std::vector<RoleShape> roles;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(InstanceProfileShape, (),
                      (path, instance_profile_name, instance_profile_id, arn, create_date, roles, tags))

struct PolicyShape {
  std::string policy_name;
  std::string policy_id;
  std::string arn;
  std::string path;
  std::string default_version_id;
  int attachment_count = 0;
  int permissions_boundary_usage_count = 0;
  bool is_attachable = true;
  std::optional<std::string> description;
  Timestamp create_date;
  Timestamp update_date;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(PolicyShape, (),
                      (policy_name, policy_id, arn, path, default_version_id, attachment_count,
                       permissions_boundary_usage_count, is_attachable, description, create_date, update_date,
                       tags))

struct PolicyVersionShape {
  std::optional<std::string> document;
  std::string version_id;
  bool is_default_version = false;
  Timestamp create_date;
};
BOOST_DESCRIBE_STRUCT(PolicyVersionShape, (), (document, version_id, is_default_version, create_date))

struct AttachedPolicyShape {
  std::string policy_name;
  std::string policy_arn;
};
BOOST_DESCRIBE_STRUCT(AttachedPolicyShape, (), (policy_name, policy_arn))

/// Policy texts travel percent-encoded in answers, as RFC 3986 has it.
std::string encoded_document(const std::string& document);

/// How much an answer tells: lists leave out tags, boundaries and what was used last, as AWS's do.
enum class Detail { kListed, kWhole };

UserShape to_shape(store::Repositories& repos, const store::User& user, Detail detail);
GroupShape to_shape(const store::Group& group);
RoleShape to_shape(store::Repositories& repos, const store::Role& role, Detail detail);
InstanceProfileShape to_shape(store::Repositories& repos, const store::InstanceProfile& profile,
                              Detail detail);
/// kListed leaves the counts at zero: who lists many counts once.
PolicyShape to_shape(store::Repositories& repos, const PolicyView& policy, Detail detail);
PolicyVersionShape to_shape(const store::PolicyVersion& version, std::int64_t default_version, Detail detail);
AttachedPolicyShape attached_shape(store::Repositories& repos, const std::string& arn);

}  // namespace postern::api::iam

#include "api/iam/shapes.h"

#include "aws/uri.h"

namespace postern::api::iam {
namespace {

std::optional<BoundaryShape> boundary(const std::string& arn) {
  if (arn.empty()) return std::nullopt;
  return BoundaryShape{.permissions_boundary_arn = arn};
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

std::vector<Tag> to_shape(const store::Tags& tags) {
  std::vector<Tag> out;
  for (const auto& [key, value] : tags) out.push_back({key, value});
  return out;
}

store::Tags to_record(const std::vector<Tag>& tags) {
  store::Tags out;
  for (const auto& tag : tags) out[tag.key] = tag.value;
  return out;
}

std::string encoded_document(const std::string& document) {
  return aws::uri_encode(document);
}

UserShape to_shape(store::Repositories& repos, const store::User& user, Detail detail) {
  UserShape shape{.path = user.path,
                  .user_name = user.name,
                  .user_id = user.user_id,
                  .arn = user.arn,
                  .create_date = user.created,
                  .password_last_used = user.password_last_used};
  if (detail == Detail::kListed) return shape;
  shape.permissions_boundary = boundary(user.boundary_arn);
  shape.tags = to_shape(repos.tags.list(store::kUserTags, user.user_id));
  return shape;
}

GroupShape to_shape(const store::Group& group) {
  return {.path = group.path,
          .group_name = group.name,
          .group_id = group.group_id,
          .arn = group.arn,
          .create_date = group.created};
}

RoleShape to_shape(store::Repositories& repos, const store::Role& role, Detail detail) {
  RoleShape shape{.path = role.path,
                  .role_name = role.name,
                  .role_id = role.role_id,
                  .arn = role.arn,
                  .create_date = role.created,
                  .assume_role_policy_document = encoded_document(role.trust_policy),
                  .description = unless_empty(role.description),
                  .max_session_duration = static_cast<int>(role.max_session.count())};
  if (detail == Detail::kListed) return shape;
  shape.permissions_boundary = boundary(role.boundary_arn);
  shape.tags = to_shape(repos.tags.list(store::kRoleTags, role.role_id));
  shape.role_last_used = RoleLastUsed{role.last_used, unless_empty(role.last_used_region)};
  return shape;
}

InstanceProfileShape to_shape(store::Repositories& repos, const store::InstanceProfile& profile,
                              Detail detail) {
  InstanceProfileShape shape{.path = profile.path,
                             .instance_profile_name = profile.name,
                             .instance_profile_id = profile.profile_id,
                             .arn = profile.arn,
                             .create_date = profile.created};
  if (profile.role_id) {
    if (const auto role = repos.roles.find(*profile.role_id))
      shape.roles.push_back(to_shape(repos, *role, Detail::kListed));
  }
  if (detail == Detail::kWhole)
    shape.tags = to_shape(repos.tags.list(store::kInstanceProfileTags, profile.profile_id));
  return shape;
}

PolicyShape to_shape(store::Repositories& repos, const PolicyView& policy, Detail detail) {
  PolicyShape shape{.policy_name = policy.name,
                    .policy_id = policy.policy_id,
                    .arn = policy.arn,
                    .path = policy.path,
                    .default_version_id = version_id(policy.default_version),
                    .create_date = policy.created,
                    .update_date = policy.updated};
  if (detail == Detail::kListed) return shape;
  shape.description = unless_empty(policy.description);
  shape.attachment_count = static_cast<int>(repos.attachments.holders_of(policy.arn).size());
  shape.permissions_boundary_usage_count = static_cast<int>(repos.attachments.bounded_by(policy.arn).size());
  shape.tags = to_shape(repos.tags.list(store::kPolicyTags, policy.policy_id));
  return shape;
}

PolicyVersionShape to_shape(const store::PolicyVersion& version, std::int64_t default_version,
                            Detail detail) {
  PolicyVersionShape shape{.version_id = version_id(version.version),
                           .is_default_version = version.version == default_version,
                           .create_date = version.created};
  if (detail == Detail::kWhole) shape.document = encoded_document(version.document);
  return shape;
}

AttachedPolicyShape attached_shape(store::Repositories& repos, const std::string& arn) {
  const auto policy = find_policy(repos, arn);
  return {policy ? policy->name : arn.substr(arn.rfind('/') + 1), arn};
}

}  // namespace postern::api::iam

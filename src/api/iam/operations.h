#pragma once

#include "api/operation.h"

namespace postern::api::iam {

/// Adds IAM's operations on identities and policies to the registry, one function per family.
void register_users(Registry& registry);
void register_groups(Registry& registry);
void register_roles(Registry& registry);
void register_instance_profiles(Registry& registry);
void register_policies(Registry& registry);
void register_policy_versions(Registry& registry);
void register_inline_policies(Registry& registry);
void register_attachments(Registry& registry);
void register_boundaries(Registry& registry);
void register_tags(Registry& registry);
void register_access_keys(Registry& registry);
void register_account(Registry& registry);
void register_account_details(Registry& registry);
void register_last_accessed(Registry& registry);

inline void register_identities(Registry& registry) {
  register_users(registry);
  register_groups(registry);
  register_roles(registry);
  register_instance_profiles(registry);
  register_policies(registry);
  register_policy_versions(registry);
  register_inline_policies(registry);
  register_attachments(registry);
  register_boundaries(registry);
  register_tags(registry);
  register_access_keys(registry);
  register_account(registry);
  register_account_details(registry);
  register_last_accessed(registry);
}

}  // namespace postern::api::iam

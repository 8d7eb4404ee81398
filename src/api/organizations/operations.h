#pragma once

#include "api/operation.h"

/// The part of AWS Organizations that creates service control policies and attaches them (JSON 1.1,
/// AWSOrganizationsV20161128). The organization has one root and under it one account, which, unlike AWS's
/// management account, the policies do limit: it is the only one there is.
namespace postern::api::organizations {

void register_policies(Registry& registry);
void register_attachments(Registry& registry);
void register_organization(Registry& registry);

inline void register_operations(Registry& registry) {
  register_policies(registry);
  register_attachments(registry);
  register_organization(registry);
}

}  // namespace postern::api::organizations

#pragma once

#include "api/operation.h"

namespace postern::api::iam {

/// IAM's operations on the ways to sign in, one function per family.
void register_login_profiles(Registry& registry);
void register_password_policy(Registry& registry);
void register_mfa_devices(Registry& registry);
void register_mfa_codes(Registry& registry);
void register_oidc_providers(Registry& registry);
void register_oidc_clients(Registry& registry);

inline void register_sign_in(Registry& registry) {
  register_login_profiles(registry);
  register_password_policy(registry);
  register_mfa_devices(registry);
  register_mfa_codes(registry);
  register_oidc_providers(registry);
  register_oidc_clients(registry);
}

}  // namespace postern::api::iam

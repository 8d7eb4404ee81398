#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "auth/effective_policies.h"

namespace postern::api::iam {

/// Whose permissions are simulated, and what applies to it at present.
struct SimulatedPrincipal {
  auth::Principal principal;
  /// May be changed: it is a copy.
  auth::EffectivePolicies::Lists lists;
  store::Tags tags;
};

/// Of a user's, group's or role's ARN, or that of a role's session (its session policies are not known).
/// Errors: NoSuchEntity, InvalidInput.
awaitable<Result<SimulatedPrincipal>> find_principal(Call& call, std::string arn);

/// The resource with what is known of it: a node's, document's or session's tags, and a node's other ARN.
/// Another ARN stays what it is.
awaitable<auth::Resource> known_resource(Call& call, std::string arn);

}  // namespace postern::api::iam

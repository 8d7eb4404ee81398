#pragma once

#include <optional>
#include <string>

#include "auth/installation.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "store/repositories.h"

namespace postern::auth {

/// What has become of the credentials that a principal presented.
struct CredentialState {
  /// Why they are no longer good, for people; empty while they are.
  std::string ended_because;
  /// When they will expire; nothing for long-term keys.
  std::optional<Timestamp> expires;
};

/// Call it on a database thread. A node's credentials are renewed by the hour while its channels stay: of a
/// node it only counts whether it is still registered.
CredentialState credential_state(store::Repositories& repos, const Principal& principal, Timestamp now);

/// The principal that a registered node is, without credentials.
Principal node_principal(const Installation& installation, const store::Node& node);

}  // namespace postern::auth

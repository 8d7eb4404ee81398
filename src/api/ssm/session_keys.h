#pragma once

#include <string>
#include <vector>

#include "auth/access.h"
#include "wire/control_payloads.h"

namespace postern::api::ssm {

/// Postern's condition keys: what a session's document does with its parameters, as it is sent to the node
/// (docs/policies.md):
///
///     postern:Host           where a forward goes: a host name or address, `unix:/PATH`, `*` for anywhere
///     that
///                            the client chooses later, `listen:ADDRESS` for a port on which the node listens
///     postern:PortNumber     the port there; absent for sockets and `*`
///     postern:Command        the command, all of it
///     postern:FileDirection  `upload` to the node or `download` from it
///     postern:LocalUser      the node's account for it, where the service says so: the RunAs user, or `root`
///     for
///                            elevated commands
///
/// One set of keys for each destination, listener and platform's command: a policy must allow each by itself.
/// Never empty: a plain shell gives one set without keys. `run_as_user` goes before the document's default.
std::vector<auth::ContextKeys> session_keys(const wire::SessionDocument& document,
                                            const std::string& run_as_user);

}  // namespace postern::api::ssm

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/port/forward_spec.h"
#include "client/port/port_plan.h"
#include "client/session/session_kind.h"
#include "client/ssm_api.h"

/// What `postern forward` was asked for, and what it asks the service and the node for.
namespace postern::client {

struct ForwardChoices {
  std::string target;
  std::optional<std::string> reason;
  std::vector<ForwardSpec> local;
  std::vector<LocalAddress> dynamic;
  std::vector<ForwardSpec> remote;
};

/// The session with everything in it (docs/protocol.md, Postern-StartForwarding).
StartSessionRequest forwarding_request(const ForwardChoices& choices);

/// The session of one -L to a host and port, with AWS's own document, for agents that know no other.
StartSessionRequest remote_host_request(const ForwardChoices& choices, const ForwardSpec& spec);

/// How a node can do it.
enum class ForwardWay {
  /// Everything in this session.
  kOneSession,
  /// The one -L that there is, without windows and targets.
  kOfficialSession,
  /// A session for each -L.
  kSessionForEach,
};
/// Error: what this node's agent can't do.
std::expected<ForwardWay, std::string> choose_way(const ForwardChoices& choices, const SessionFacts& facts);

/// What a stream is to reach, as channel::Mux::open takes it: `tcp:HOST:PORT` or `unix:/PATH`.
std::string stream_target(const LocalAddress& to);

}  // namespace postern::client

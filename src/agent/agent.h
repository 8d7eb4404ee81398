#pragma once

#include <string>
#include <vector>

#include "agent/state.h"

namespace postern::agent {

struct AgentOptions {
  /// argv with which this program is a session worker.
  std::vector<std::string> worker_arguments;
  /// Where nothing is forwarded to: see AddressRules::parse().
  std::vector<std::string> denied_addresses;
};

/// The agent proper: keeps the node's control channel open and starts the sessions that come over it. One
/// thread; nothing is written to disk. Returns the exit code of the process once SIGTERM or SIGINT has come
/// and all sessions have been ended. Throws std::runtime_error when `node` or an option can't be used: a key,
/// endpoint or authority that can't be read, an address that is none.
int run_agent(const StateDirectory& directory, NodeState node, AgentOptions options);

}  // namespace postern::agent

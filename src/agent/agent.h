#pragma once

#include <string>
#include <vector>

#include "agent/state.h"

namespace postern::agent {

/// The agent proper: keeps the node's control channel open and starts the sessions that come over it. One
/// thread; nothing is written to disk. Returns the exit code of the process once SIGTERM or SIGINT has come
/// and all sessions have been ended. `worker_arguments` is the argv with which this program is a session
/// worker. Throws std::runtime_error when `node` can't be used: a key, endpoint or authority that can't be
/// read.
int run_agent(const StateDirectory& directory, NodeState node, std::vector<std::string> worker_arguments);

}  // namespace postern::agent

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/state.h"
#include "agent/worker_starter.h"
#include "net/tls.h"

namespace postern::agent {

struct AgentOptions {
  /// Where nothing is forwarded to: see AddressRules::parse().
  std::vector<std::string> denied_addresses;
  /// How long sessions go on without an agent: at least 0.
  std::chrono::seconds keep_sessions{300};
};

/// The agent proper: keeps the node's control channel open and starts the sessions that come over it. One
/// thread; nothing is written to disk. Returns the exit code of the process once SIGTERM, SIGINT or SIGHUP
/// has come and all sessions have been ended, or once SIGUSR1 has come, which leaves them to the next agent;
/// 1 when `starter` has died, which leaves them as well. Throws std::runtime_error when `node` or an option
/// can't be used: a key, endpoint or authority that can't be read, an address that is none.
int run_agent(NodeState node, const net::TlsClientContext& tls, const WorkerStarter& starter,
              AgentOptions options);

}  // namespace postern::agent

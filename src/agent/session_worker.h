#pragma once

#include "net/tls.h"

namespace postern::agent {

/// The whole life of a session worker: takes its job from the agent that started it, runs the session over a
/// data channel of its own, and tells the agent that is there by then how it ended. The session goes on when
/// the agent dies, for the next one to find; when none comes in time, it ends and no process of it stays.
/// Returns the exit code of the process. `socket`, which it owns, is a WorkerSocket's; `tls` is for the data
/// channel.
int run_session_worker(int socket, const net::TlsClientContext& tls);

}  // namespace postern::agent

#pragma once

namespace postern::agent {

/// The inherited descriptor on which a worker finds its socket; see WorkerSocket.
inline constexpr int kWorkerSocketDescriptor = 3;

/// The whole life of a session worker: takes its job from the agent that started it, runs the session over a
/// data channel of its own, and tells the agent that is there by then how it ended. The session goes on when
/// the agent dies, for the next one to find; when none comes in time, it ends and no process of it stays.
/// Returns the exit code of the process.
int run_session_worker();

}  // namespace postern::agent

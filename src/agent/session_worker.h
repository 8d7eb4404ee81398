#pragma once

namespace postern::agent {

/// The inherited descriptor on which a worker finds its Link.
inline constexpr int kWorkerLinkDescriptor = 3;

/// The whole life of a session worker: takes its job from the link, runs the session over a data channel of
/// its own, and tells how it ended. When the agent goes away the session ends with it and no process of the
/// session stays. Returns the exit code of the process.
int run_session_worker();

}  // namespace postern::agent

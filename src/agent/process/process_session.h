#pragma once

#include <sys/types.h>

#include <functional>
#include <string_view>
#include <vector>

#include "net/stream.h"

namespace postern::agent {

/// Every living process of a kernel's session, zombies not among them.
std::vector<pid_t> session_members(pid_t session);
/// Signals all of them. False when there was none.
bool signal_session(pid_t session, int signal);

/// Hangs up on all processes of a session, kills what is left after two seconds, and returns when nothing is,
/// or after two seconds more. `leader_reaped` says whether its leader has been reaped: until then it may
/// not have made its session yet, and is signalled by itself, too.
net::awaitable<void> end_process_session(pid_t leader, std::function<bool()> leader_reaped);

/// The session in a line of /proc/<pid>/stat, and whether the process is a zombie; exposed for tests.
struct ProcessStat {
  pid_t session = 0;
  bool zombie = false;
};
ProcessStat parse_process_stat(std::string_view line);

}  // namespace postern::agent

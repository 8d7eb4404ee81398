#include "agent/worker_process.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace postern::agent {

// Both calls by number: <sys/pidfd.h> of glibc 2.36 has no extern "C".

WorkerProcess::WorkerProcess(pid_t pid)
    : pid_(pid), handle_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

bool WorkerProcess::is_child() const {
  siginfo_t unused{};
  return handle_ &&
         ::waitid(P_PIDFD, static_cast<id_t>(handle_.get()), &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void WorkerProcess::kill() const {
  if (handle_) (void)::syscall(SYS_pidfd_send_signal, handle_.get(), SIGKILL, nullptr, 0);
}

}  // namespace postern::agent

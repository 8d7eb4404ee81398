#include "agent/worker_process.h"

#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "agent/session_worker.h"

namespace postern::agent {
namespace {

// By number: <sys/pidfd.h> of glibc 2.36 has no extern "C".
int open_process(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

}  // namespace

std::expected<WorkerProcess, int> WorkerProcess::start(const std::vector<std::string>& arguments,
                                                       int socket) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, kWorkerSocketDescriptor);
  sigset_t set;
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  sigfillset(&set);
  posix_spawnattr_setsigdefault(&attributes, &set);
  // A session of its own: what a terminal sends to the agent is not meant for the worker, which may outlive
  // both.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  // The running program itself, even when its file was replaced by an upgrade.
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::unexpected(error);
  return WorkerProcess(pid, Parent::kThis);
}

WorkerProcess::WorkerProcess(pid_t pid, Parent parent)
    : pid_(pid), parent_(parent), handle_(open_process(pid)) {}

void WorkerProcess::kill() const {
  if (handle_) (void)::syscall(SYS_pidfd_send_signal, handle_.get(), SIGKILL, nullptr, 0);
}

}  // namespace postern::agent

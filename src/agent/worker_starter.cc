#include "agent/worker_starter.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <system_error>

#include "base/log.h"

namespace postern::agent {
namespace {

// As ps and top show them, where both have the agent's command line.
constexpr const char* kStarterName = "worker-starter";
constexpr const char* kWorkerName = "session-worker";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// One byte that carries a descriptor.
struct Message {
  char byte = 0;
  iovec text{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};

  Message() {
    header.msg_iov = &text;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
};

/// The next worker's socket; none when the agent has gone.
copy::Descriptor receive(int agent) {
  Message message;
  ssize_t size = 0;
  while ((size = ::recvmsg(agent, &message.header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
  const auto* carried = CMSG_FIRSTHDR(&message.header);
  if (size <= 0 || carried == nullptr || carried->cmsg_type != SCM_RIGHTS) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(carried), sizeof descriptor);
  return copy::Descriptor(descriptor);
}

[[noreturn]] void run_worker(const WorkerStarter::Work& work, int socket) {
  ::setsid();
  ::prctl(PR_SET_NAME, kWorkerName);
  int code = 1;
  try {
    code = work(socket);
  } catch (const std::exception& failure) {
    log::error("session_worker_failed", {{"reason", failure.what()}});
  }
  std::exit(code);
}

/// False: it could not be forked.
bool fork_worker(const WorkerStarter::Work& work, int agent, copy::Descriptor& socket) {
  // One process between the two, which ends at once: the worker then becomes a child of the agent, which
  // wants to know how it ends, as the nearest subreaper.
  const auto between = ::fork();
  if (between == 0) {
    const auto pid = ::fork();
    if (pid != 0) ::_exit(pid < 0 ? 1 : 0);
    ::close(agent);
    run_worker(work, socket.release());
  }
  int status = 0;
  while (between > 0 && ::waitpid(between, &status, 0) < 0 && errno == EINTR) continue;
  return between > 0 && status == 0;
}

[[noreturn]] void serve(const WorkerStarter::Work& work, int agent) {
  ::setsid();
  ::prctl(PR_SET_NAME, kStarterName);
  while (auto socket = receive(agent)) {
    if (!fork_worker(work, agent, socket)) log::error("session_worker_not_started");
  }
  ::_exit(0);
}

}  // namespace

WorkerStarter::WorkerStarter(const Work& work) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
  connection_ = copy::Descriptor(ends[0]);
  copy::Descriptor theirs(ends[1]);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("prctl(PR_SET_CHILD_SUBREAPER)");
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    connection_.reset();
    serve(work, theirs.get());
  }
}

bool WorkerStarter::start(int socket) const {
  Message message;
  auto* carried = CMSG_FIRSTHDR(&message.header);
  carried->cmsg_level = SOL_SOCKET;
  carried->cmsg_type = SCM_RIGHTS;
  carried->cmsg_len = CMSG_LEN(sizeof socket);
  std::memcpy(CMSG_DATA(carried), &socket, sizeof socket);
  return ::sendmsg(connection_.get(), &message.header, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

}  // namespace postern::agent

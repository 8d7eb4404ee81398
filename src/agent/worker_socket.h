#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// How an agent reaches its session workers, those of an agent before it too. Each worker listens on a UNIX
/// socket in the abstract namespace: it needs no file, so a read-only or full disk does not matter, and it is
/// gone with its worker. Anybody on the machine may see it and connect; each end takes only its own user for
/// the other end, as the kernel tells it.
namespace postern::agent {

struct WorkerSocket {
  /// `postern-agent/NODE/` and 32 random hexadecimal digits, so that nobody can take it beforehand. Without
  /// the zero byte that makes it abstract.
  std::string name;
  /// Listening, non-blocking, closed on exec. Whoever has this owns it.
  int descriptor;
};

/// Makes a socket for a worker that is about to start. Error: an errno.
std::expected<WorkerSocket, int> make_worker_socket(const std::string& node_id);

/// Connects without waiting; the caller owns the descriptor. Error: an errno; EPERM when another user
/// listens there.
std::expected<int, int> connect_to_worker(const std::string& name);

/// Names of all listening sockets that look like workers of this node. Some may be somebody else's.
std::vector<std::string> find_worker_sockets(const std::string& node_id);

/// The same of a text in the form of /proc/net/unix, which holds names that any user may have chosen.
std::vector<std::string> parse_worker_sockets(std::string_view table, const std::string& node_id);

/// Whether `user` has opened the other end of a connected UNIX socket.
bool peer_is(int descriptor, uid_t user);

}  // namespace postern::agent

#include "agent/worker_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/encoding.h"
#include "base/random.h"

namespace postern::agent {
namespace {

constexpr std::size_t kRandomDigits = 32;
// __SO_ACCEPTCON of the kernel's <linux/net.h>, as /proc/net/unix prints it: the socket listens. Those that
// were accepted from it have the same name.
constexpr std::string_view kListening = "00010000";

std::string prefix_of(const std::string& node_id) {
  return "postern-agent/" + node_id + '/';
}

struct Address {
  sockaddr_un address{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

std::optional<Address> abstract_address(const std::string& name) {
  Address made;
  if (name.size() + 1 > sizeof made.address.sun_path) return std::nullopt;
  made.address.sun_family = AF_UNIX;
  // After a zero byte, and without one at its end.
  std::memcpy(made.address.sun_path + 1, name.data(), name.size());
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return made;
}

int open_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

std::unexpected<int> close_failed(int descriptor, int error) {
  ::close(descriptor);
  return std::unexpected(error);
}

/// The next field of a line, behind any blanks.
std::string_view take_field(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto field = line.substr(0, line.find(' '));
  line.remove_prefix(field.size());
  return field;
}

}  // namespace

std::expected<WorkerSocket, int> make_worker_socket(const std::string& node_id) {
  WorkerSocket made{prefix_of(node_id) + random_text(kRandomDigits, kHexAlphabet), -1};
  const auto address = abstract_address(made.name);
  if (!address) return std::unexpected(ENAMETOOLONG);
  made.descriptor = open_socket();
  if (made.descriptor < 0) return std::unexpected(errno);
  if (::bind(made.descriptor, address->get(), address->size) != 0 ||
      ::listen(made.descriptor, SOMAXCONN) != 0) {
    return close_failed(made.descriptor, errno);
  }
  return made;
}

std::expected<int, int> connect_to_worker(const std::string& name) {
  const auto address = abstract_address(name);
  if (!address) return std::unexpected(ENAMETOOLONG);
  const int descriptor = open_socket();
  if (descriptor < 0) return std::unexpected(errno);
  if (::connect(descriptor, address->get(), address->size) != 0) return close_failed(descriptor, errno);
  if (!peer_is(descriptor, ::geteuid())) return close_failed(descriptor, EPERM);
  return descriptor;
}

std::vector<std::string> find_worker_sockets(const std::string& node_id) {
  std::ifstream file("/proc/self/net/unix");
  const std::string table{std::istreambuf_iterator<char>(file), {}};
  return parse_worker_sockets(table, node_id);
}

std::vector<std::string> parse_worker_sockets(std::string_view table, const std::string& node_id) {
  std::vector<std::string> names;
  const auto prefix = '@' + prefix_of(node_id);
  while (!table.empty()) {
    auto line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    // Num RefCount Protocol Flags Type St Inode Path
    std::string_view flags;
    for (int field = 0; field < 7; ++field) {
      const auto text = take_field(line);
      if (field == 3) flags = text;
    }
    const auto path = take_field(line);
    if (flags != kListening || !path.starts_with(prefix) || path.size() != prefix.size() + kRandomDigits ||
        !std::ranges::all_of(path.substr(prefix.size()), [](char c) { return kHexAlphabet.contains(c); })) {
      continue;
    }
    names.emplace_back(path.substr(1));
  }
  return names;
}

bool peer_is(int descriptor, uid_t user) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
         credentials.uid == user;
}

}  // namespace postern::agent

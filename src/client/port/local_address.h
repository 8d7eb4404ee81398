#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::client {

/// A TCP or UNIX socket alike.
using LocalSocket = boost::asio::generic::stream_protocol::socket;

/// Where to listen or connect: a host and port, or the path of a UNIX socket.
struct LocalAddress {
  /// Empty with `path`. An address literal without brackets, or a name.
  std::string host;
  std::uint16_t port = 0;
  std::string path;

  bool is_unix() const { return !path.empty(); }
  /// `db:5432`, `[::1]:80`, `/run/app.sock`.
  std::string to_string() const;
  bool operator==(const LocalAddress&) const = default;
};

/// `HOST:PORT` with brackets around an IPv6 literal.
std::string join_host_port(std::string_view host, std::uint16_t port);

struct ConnectResult {
  std::optional<LocalSocket> socket;
  /// Why there is none.
  std::string problem;
};
/// Connects a socket, to each address of a name in turn.
boost::asio::awaitable<ConnectResult> connect_to(LocalAddress address);

}  // namespace postern::client

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::client {

/// The program that listens on a local TCP port, as `nginx (process 4711)`; empty when it can't be known,
/// as for processes of other users. Reads /proc.
std::string owner_of_port(std::uint16_t port);

/// The inode of a socket that listens on `port`, from the text of /proc/net/tcp or tcp6.
std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port);

}  // namespace postern::client

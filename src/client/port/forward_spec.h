#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "client/port/local_address.h"

/// The arguments of -L, -D and -R, as OpenSSH writes them.
namespace postern::client {

/// From one address to another. For -L `from` is here and `to` is reached by the node; for -R the reverse.
/// The host of `from` is `127.0.0.1` when none was given, and `0.0.0.0` for `*` or an empty one.
struct ForwardSpec {
  LocalAddress from;
  LocalAddress to;
  bool operator==(const ForwardSpec&) const = default;
};

/// `[BIND:]PORT:HOST:PORT`, `[BIND:]PORT:/REMOTE/SOCKET`, `/LOCAL/SOCKET:HOST:PORT`,
/// `/LOCAL/SOCKET:/REMOTE/SOCKET`; IPv6 addresses in brackets. Error: what is wrong, and what was expected.
std::expected<ForwardSpec, std::string> parse_local_forward(std::string_view text);

/// `[BIND:]PORT`
std::expected<LocalAddress, std::string> parse_dynamic_forward(std::string_view text);

/// `[BIND:]PORT:HOST:PORT`, `[BIND:]PORT:/LOCAL/SOCKET`
std::expected<ForwardSpec, std::string> parse_remote_forward(std::string_view text);

/// A decimal port number from `least` to 65535.
std::expected<std::uint16_t, std::string> parse_port(std::string_view text, std::uint16_t least);

}  // namespace postern::client

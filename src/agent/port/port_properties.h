#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "agent/port/target.h"

namespace postern::agent {

/// Where the node listens for the client (`ssh -R`); our own documents only.
struct PortListener {
  /// A numeric address, or `localhost` or `*`; the default is the IPv4 loopback.
  std::string bind = "127.0.0.1";
  /// 0: any free one.
  std::uint16_t port = 0;

  bool operator==(const PortListener&) const = default;
};
/// `[BIND:]PORT`.
std::expected<PortListener, std::string> parse_listener(std::string_view text);

/// `properties` of a Port document (data-channel.md 6.4), with what our own documents add (docs/protocol.md).
struct PortProperties {
  /// Nothing when streams name their targets themselves.
  std::optional<Target> target;
  /// Whether `type` asks for connections to a listening client; otherwise it is one connection over the
  /// client's standard streams.
  bool local_port_forwarding = false;
  /// What streams may name; includes `target`.
  DestinationRules destinations;
  std::vector<PortListener> listeners;
};

inline constexpr std::size_t kMaxListeners = 64;

/// Error: a text for the person, as official agents begin it.
std::expected<PortProperties, std::string> read_port_properties(const boost::json::value& properties);

/// Whether a client of this version multiplexes connections: 1.1.70 or newer (data-channel.md 13.1). Dotted
/// integers; anything else does not.
bool client_multiplexes(std::string_view client_version);

}  // namespace postern::agent

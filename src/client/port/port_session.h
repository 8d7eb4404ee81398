#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "client/port/port_plan.h"
#include "client/session/session_kind.h"
#include "client/session/terminal_session.h"

namespace postern::client {

/// The properties of a port session that concern the client (data-channel.md 6.4).
struct PortProperties {
  /// With `LocalPortForwarding` we listen; otherwise the port is joined to standard input and output.
  bool listens = false;
  /// 0: any.
  std::uint16_t local_port = 0;
  /// Empty: TCP.
  std::string local_socket;
  /// What the node connects to, for people.
  std::string destination;
};
/// Values that are no strings count as absent, as with official clients. Error: what is wrong.
std::expected<PortProperties, std::string> parse_port_properties(const boost::json::value& properties);

/// Whether both ends multiplex: between own ends by agreement, else by the agent's version (6.4).
bool is_multiplexed(const SessionFacts& facts);

/// A port session as its document says, with the official client's texts on standard output.
std::expected<std::unique_ptr<SessionKind>, std::string> make_port_session(
    const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
    StandardDescriptors descriptors);

}  // namespace postern::client

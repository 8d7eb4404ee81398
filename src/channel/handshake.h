#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel/rtt_estimator.h"
#include "wire/agent_message.h"
#include "wire/handshake.h"

/// Both ends of the handshake (data-channel.md section 5) as machines over payloads: the driver takes them
/// from, and sends them through, its DataChannel. Encryption is not offered, and refused where an agent asks
/// for it.
namespace postern::channel {

/// Names of wire/extensions.h.
using Extensions = std::vector<std::string>;
/// Whether `extensions` has this name.
bool contains(const Extensions& extensions, std::string_view name);

/// A payload to send as the next stream message.
struct Outgoing {
  wire::PayloadType type;
  std::string payload;
};

/// Agents give a client this long from their request on.
inline constexpr std::chrono::seconds kHandshakeTimeout{15};
/// After HandshakeComplete an agent stays silent for this long or until the client speaks: see
/// DataChannel::send_then_hush.
inline constexpr std::chrono::milliseconds kHushAfterHandshake{100};

/// The agent's end: asks for one session type, waits for the client's consent, completes.
class AgentHandshake {
 public:
  /// `agent_version` needs four numeric components; `properties` is null except for Port. `offered` are the
  /// extensions that the client may choose from.
  AgentHandshake(std::string agent_version, std::string session_type, boost::json::value properties,
                 Extensions offered = {});

  /// The first message of the session. Time runs from here.
  Outgoing start(SteadyTime now);

  /// A delivery before complete(): gives HandshakeComplete once the client has agreed, and nothing for what
  /// does not belong to the handshake, which official agents throw away as well. Error: the session fails
  /// with this text.
  std::expected<std::optional<Outgoing>, std::string> on_delivery(wire::PayloadType type, ByteView payload,
                                                                  SteadyTime now);

  /// When the client's time is over, and the text with which the session then fails.
  SteadyTime deadline() const { return started_ + kHandshakeTimeout; }
  static constexpr const char* kTimeoutText =
      "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.";

  bool complete() const { return complete_; }
  /// Dotted integers, from the response.
  const std::string& client_version() const { return client_version_; }
  /// What was offered and accepted; empty with an official client. Known when complete.
  const Extensions& agreed() const { return agreed_; }

 private:
  std::string agent_version_;
  std::string session_type_;
  boost::json::value properties_;
  Extensions offered_;
  std::string client_version_;
  Extensions agreed_;
  SteadyTime started_;
  bool complete_ = false;
};

/// The client's end, for the first deliveries of a session. An agent without handshake starts with Output,
/// which means a shell (5.1).
class ClientHandshake {
 public:
  /// `supported` are the extensions that are accepted where an agent offers them.
  explicit ClientHandshake(std::string client_version, Extensions supported = {})
      : client_version_(std::move(client_version)), supported_(std::move(supported)) {}

  struct Step {
    std::optional<Outgoing> send;
    /// False for session data: the driver handles it.
    bool consumed = false;
  };
  /// Error: what the agent sent is no handshake message; the session can't go on.
  std::expected<Step, std::string> on_delivery(wire::PayloadType type, ByteView payload);

  /// Session input may be sent: the handshake is over, or there is none.
  bool complete() const { return complete_; }
  /// Known when complete.
  const std::string& session_type() const { return session_type_; }
  /// The document's properties for Port, else null.
  const boost::json::value& properties() const { return properties_; }
  /// Empty without handshake.
  const std::string& agent_version() const { return agent_version_; }
  /// What was offered and accepted; empty with an official agent. Known once the response has been given out.
  const Extensions& agreed() const { return agreed_; }
  /// For the person; may be empty.
  const std::string& customer_message() const { return customer_message_; }

 private:
  std::expected<Step, std::string> on_request(ByteView payload);
  wire::ProcessedClientAction process(const wire::RequestedClientAction& action);

  std::string client_version_;
  Extensions supported_;
  Extensions agreed_;
  std::string agent_version_;
  std::string session_type_;
  boost::json::value properties_;
  std::string customer_message_;
  bool answered_ = false;
  bool complete_ = false;
};

}  // namespace postern::channel

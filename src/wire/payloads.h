#pragma once

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json_codec.h"
#include "base/secret.h"

/// The JSON bodies of the data channel as described structs, read and written with base/json_codec.h. Members
/// stand in the order in which official programs write them. A member is optional here when some peer leaves
/// it out or may send null; what nobody reads is optional, too, so that its absence never costs a message.
namespace postern::wire {

inline constexpr const char* kMessageSchemaVersion = "1.0";

/// First frame of a data channel, text (data-channel.md 2.3). Clients leave out ClientInstanceId, agents
/// ClientVersion.
struct OpenDataChannel {
  std::string message_schema_version = kMessageSchemaVersion;
  std::string request_id;
  Secret token_value;
  std::optional<std::string> client_instance_id;
  /// Empty from an agent.
  std::optional<std::string> client_id;
  std::optional<std::string> client_version;
  /// Such an agent wants `data_channel_ready` within 2 s.
  std::optional<bool> require_acknowledgement;
  /// Postern's addition: what this end understands from the service, such as kExtensionNotice.
  std::optional<std::vector<std::string>> extensions;
};
BOOST_DESCRIBE_STRUCT(OpenDataChannel, (),
                      (message_schema_version, request_id, token_value, client_instance_id, client_id,
                       client_version, require_acknowledgement, extensions))

/// `acknowledge` (4.2). Receivers look at the number alone.
struct Acknowledge {
  std::string acknowledged_message_type;
  std::string acknowledged_message_id;
  std::int64_t acknowledged_message_sequence_number = 0;
  bool is_sequential_message = true;
  /// Postern's addition between ends that agreed on kExtensionBulk: everything up to this number has been
  /// delivered, and everything up to `held_through` need not be repeated. -1: nothing.
  std::optional<std::int64_t> acknowledged_through;
  std::optional<std::int64_t> held_through;
  /// What comes behind `held_through` was lost, for something later has arrived.
  std::optional<bool> gap;
  /// It answers a message with kFlagProbe.
  std::optional<bool> probe;
};
BOOST_DESCRIBE_STRUCT(Acknowledge, (),
                      (acknowledged_message_type, acknowledged_message_id,
                       acknowledged_message_sequence_number, is_sequential_message, acknowledged_through,
                       held_through, gap, probe))

/// How far a stream has come, between ends that agreed on kExtensionBulk: see Acknowledge.
struct Progress {
  std::int64_t acknowledged_through = -1;
  std::int64_t held_through = -1;
  bool gap = false;
  bool probe = false;
  bool operator==(const Progress&) const = default;
};

/// What receivers of an `acknowledge` look at.
struct AcknowledgedNumbers {
  std::int64_t number = 0;
  std::optional<Progress> progress;
  bool operator==(const AcknowledgedNumbers&) const = default;
};
/// Reads an `acknowledge` body: at once when it is as official programs and ours write it, as JSON otherwise.
/// One arrives for each message that was sent. Nothing when it is malformed.
std::optional<AcknowledgedNumbers> decode_acknowledge(std::string_view text);

/// `channel_closed` (7.1). Agents refuse it when SchemaVersion is no number or CreatedDate no string.
struct ChannelClosed {
  std::optional<std::string> message_id;
  std::optional<std::string> created_date;
  std::optional<std::string> destination_id;
  std::string session_id;
  std::optional<std::string> message_type;
  std::optional<int> schema_version;
  /// Shown to the person; agents get none.
  std::optional<std::string> output;
};
BOOST_DESCRIBE_STRUCT(ChannelClosed, (),
                      (message_id, created_date, destination_id, session_id, message_type, schema_version,
                       output))

/// `agent_session_state`: kSessionConnected or kSessionTerminating.
struct AgentSessionState {
  int schema_version = 1;
  std::string session_state;
  std::string session_id;
  /// Postern's addition: why it ends, for the person and the record.
  std::optional<std::string> output;
};
BOOST_DESCRIBE_STRUCT(AgentSessionState, (), (schema_version, session_state, session_id, output))
inline constexpr const char* kSessionConnected = "Connected";
inline constexpr const char* kSessionTerminating = "Terminating";

/// `session_notice`: Postern's addition, a text of the service for the person, as before an idle session is
/// ended. Sent to an end that offered kExtensionNotice; an agent shows it on the session's terminal.
struct SessionNotice {
  int schema_version = 1;
  std::string session_id;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(SessionNotice, (), (schema_version, session_id, text))

/// `pause_publication` and `start_publication`; no peer reads it.
struct Publication {
  int schema_version = 1;
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(Publication, (), (schema_version, session_id))

/// Payload type Size.
struct TerminalSize {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::uint32_t cols = 0;
  std::uint32_t rows = 0;
  bool operator==(const TerminalSize&) const = default;
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (cols, rows))

/// Payload type Flag: four bytes, big-endian.
enum class Flag : std::uint32_t {
  kDisconnectToPort = 1,
  kTerminateSession = 2,
  kConnectToPortError = 3,
  /// kExtensionCommandInput, which also has signal_flag(), and kExtensionPortInputEnd only.
  kEndOfInput = 0x100,
};
/// kExtensionCommandInput: deliver this signal (1 to 64) to the command.
constexpr Flag signal_flag(int signal) {
  return static_cast<Flag>(0x200U | static_cast<std::uint32_t>(signal));
}
/// The signal of such a flag; nothing for any other.
std::optional<int> signal_of(Flag flag);
Bytes encode_flag(Flag flag);
/// Nothing when it is not four bytes; other numbers pass.
std::optional<Flag> decode_flag(ByteView payload);

/// Payload type ExitCode: `EXIT_CODE: 3`.
std::string encode_exit_code(int code);
std::optional<int> decode_exit_code(ByteView payload);

/// Payload type InputCredit (kExtensionCommandInput): how many bytes of input the command's side has consumed
/// since the session began; eight bytes, big-endian.
Bytes encode_input_credit(std::uint64_t consumed_bytes);
/// Nothing when it is not eight bytes.
std::optional<std::uint64_t> decode_input_credit(ByteView payload);

}  // namespace postern::wire

#pragma once

#include <cstdint>
#include <string_view>

namespace postern::wire {

/// The messages of control and data channels (data-channel.md 3.3, control-plane.md 4.5).
enum class MessageType : std::uint8_t {
  kUnknown,
  // data channel
  kInputStreamData,
  kOutputStreamData,
  kAcknowledge,
  kAgentSessionState,
  kPausePublication,
  kStartPublication,
  kDataChannelReady,
  /// Postern's addition, only to ends that offered kExtensionNotice.
  kSessionNotice,
  // both
  kChannelClosed,
  // control channel
  kInteractiveShell,
  kAgentTaskComplete,
  kAgentTaskAcknowledge,
  kAgentJob,
  kAgentJobAck,
  kAgentJobReply,
  kAgentJobReplyAck,
  kAgentTelemetry,
  kAgentUpdateResult,
  kControlChannelReady,
};

/// `input_stream_data`; for kUnknown `unknown`.
std::string_view wire_name(MessageType type);

/// kUnknown for every other name.
MessageType message_type_of(std::string_view wire_name);

/// What the payload of a stream message is (data-channel.md 3.4). Any other number may arrive, too.
enum class PayloadType : std::uint32_t {
  /// Messages that are not part of a stream.
  kNone = 0,
  kOutput = 1,
  kError = 2,
  kSize = 3,
  kParameter = 4,
  kHandshakeRequest = 5,
  kHandshakeResponse = 6,
  kHandshakeComplete = 7,
  kEncChallengeRequest = 8,
  kEncChallengeResponse = 9,
  kFlag = 10,
  kStdErr = 11,
  kExitCode = 12,
  /// Postern's addition, agent to client, after agreement on kExtensionCommandInput only.
  kInputCredit = 100,
};

}  // namespace postern::wire

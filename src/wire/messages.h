#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/agent_message.h"
#include "wire/control_payloads.h"
#include "wire/payloads.h"

/// Complete messages, ready to be written, with the sequence numbers, flags and payload types that official
/// senders use.
namespace postern::wire {

/// The answer to a stream message, with the progress of the whole stream between ends that agreed on
/// kExtensionBulk. It is built for each message received, so it is formatted directly.
Bytes make_acknowledge(const Stamp& stamp, MessageType acknowledged_type, const Uuid& acknowledged_id,
                       std::int64_t acknowledged_number,
                       const std::optional<Progress>& progress = std::nullopt);

/// For a client; `output` is shown to the person. For an agent the text is ignored.
Bytes make_channel_closed(const Stamp& stamp, std::string_view destination_id, std::string_view session_id,
                          std::string_view output);

/// `state` is kSessionConnected or kSessionTerminating.
/// `output` is left out when it is empty.
Bytes make_agent_session_state(const Stamp& stamp, std::string_view state, std::string_view session_id,
                               std::string_view output = "");

Bytes make_session_notice(const Stamp& stamp, std::string_view session_id, std::string_view text);
Bytes make_pause_publication(const Stamp& stamp, std::string_view session_id);
Bytes make_start_publication(const Stamp& stamp, std::string_view session_id);
/// For the few agents that ask for it (data-channel.md 2.3).
Bytes make_data_channel_ready(const Stamp& stamp);
Bytes make_control_channel_ready(const Stamp& stamp);

/// Starts a session; `task_id` is not read by agents.
Bytes make_interactive_shell(const Stamp& stamp, const SessionStart& start, std::string_view task_id);
Bytes make_agent_task_complete(const Stamp& stamp, const AgentTaskComplete& body);
/// `acknowledged_id` is the MessageId of the agent_task_complete.
Bytes make_agent_task_acknowledge(const Stamp& stamp, const Uuid& acknowledged_id, std::string_view task_id);

/// input_stream_data or output_stream_data. SYN is set on an agent's first message.
Bytes make_stream_message(const Stamp& stamp, MessageType type, std::int64_t sequence_number,
                          PayloadType payload_type, ByteView payload, Digest digest = Digest::kSha256);
/// Only its header, for a payload that lies behind it already.
std::array<std::uint8_t, kHeaderBytes> make_stream_header(const Stamp& stamp, MessageType type,
                                                          std::int64_t sequence_number,
                                                          PayloadType payload_type, ByteView payload,
                                                          Digest digest = Digest::kSha256);

}  // namespace postern::wire

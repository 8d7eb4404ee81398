#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "wire/control_payloads.h"

/// The AgentMessages that the service itself originates, complete and ready to send, and the two facts it
/// reads in others' payloads.
namespace postern::gateway {

/// Ends a session at either end; `output` is what the person reads (data-channel.md 7.1).
Bytes make_channel_closed(const std::string& session_id, const std::string& node_id,
                          const std::string& output, Timestamp now);

/// Asks the agent to stop, and to go on, producing output (data-channel.md 4.7).
Bytes make_pause_publication(const std::string& session_id, Timestamp now);
Bytes make_start_publication(const std::string& session_id, Timestamp now);

/// The answer that a few agents insist on behind their opening frame (data-channel.md 2.3).
Bytes make_control_channel_ready(Timestamp now);
Bytes make_data_channel_ready(Timestamp now);

/// Tells the node to start a session (control-plane.md 4.6).
struct SessionStartMessage {
  std::string session_id;
  std::string document_name;
  /// Resolved by the service: the node substitutes nothing, so no parameters go with it.
  wire::SessionDocument document;
  std::string run_as_user;
  std::string session_owner_arn;
  /// Lets our own agent open its data channel without asking for a token first; official agents ignore it.
  std::string data_channel_token;
};
Bytes make_interactive_shell(const SessionStartMessage& start, Timestamp now);

/// Answers agent_task_complete; `message_id` is that message's (control-plane.md 4.7).
Bytes make_agent_task_acknowledge(const Uuid& message_id, const std::string& task_id, Timestamp now);

/// The number that an `acknowledge` payload names; nothing when there is none.
std::optional<std::int64_t> acknowledged_number(ByteView payload);

/// What an `agent_session_state` payload that says that the session ended gives as its reason, often nothing;
/// no value when it does not say so.
std::optional<std::string> terminating_reason(ByteView payload);

}  // namespace postern::gateway

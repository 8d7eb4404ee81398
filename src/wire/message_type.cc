#include "wire/message_type.h"

#include <utility>

namespace postern::wire {
namespace {

constexpr std::pair<MessageType, std::string_view> kNames[] = {
    {MessageType::kInputStreamData, "input_stream_data"},
    {MessageType::kOutputStreamData, "output_stream_data"},
    {MessageType::kAcknowledge, "acknowledge"},
    {MessageType::kAgentSessionState, "agent_session_state"},
    {MessageType::kPausePublication, "pause_publication"},
    {MessageType::kStartPublication, "start_publication"},
    {MessageType::kDataChannelReady, "data_channel_ready"},
    {MessageType::kSessionNotice, "session_notice"},
    {MessageType::kChannelClosed, "channel_closed"},
    {MessageType::kInteractiveShell, "interactive_shell"},
    {MessageType::kAgentTaskComplete, "agent_task_complete"},
    {MessageType::kAgentTaskAcknowledge, "agent_task_acknowledge"},
    {MessageType::kAgentJob, "agent_job"},
    {MessageType::kAgentJobAck, "agent_job_ack"},
    {MessageType::kAgentJobReply, "agent_job_reply"},
    {MessageType::kAgentJobReplyAck, "agent_job_reply_ack"},
    {MessageType::kAgentTelemetry, "agent_telemetry"},
    {MessageType::kAgentUpdateResult, "agent_update_result"},
    {MessageType::kControlChannelReady, "control_channel_ready"},
};

}  // namespace

std::string_view wire_name(MessageType type) {
  for (const auto& [candidate, name] : kNames) {
    if (candidate == type) return name;
  }
  return "unknown";
}

MessageType message_type_of(std::string_view wire_name) {
  for (const auto& [type, name] : kNames) {
    if (name == wire_name) return type;
  }
  return MessageType::kUnknown;
}

}  // namespace postern::wire

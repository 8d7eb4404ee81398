#include "gateway/frames.h"

#include <charconv>

#include "wire/control_payloads.h"
#include "wire/messages.h"
#include "wire/payloads.h"

namespace postern::gateway {

Bytes make_channel_closed(const std::string& session_id, const std::string& node_id,
                          const std::string& output, Timestamp now) {
  return wire::make_channel_closed(wire::Stamp::fresh(now), node_id, session_id, output);
}

Bytes make_pause_publication(const std::string& session_id, Timestamp now) {
  return wire::make_pause_publication(wire::Stamp::fresh(now), session_id);
}

Bytes make_start_publication(const std::string& session_id, Timestamp now) {
  return wire::make_start_publication(wire::Stamp::fresh(now), session_id);
}

Bytes make_control_channel_ready(Timestamp now) {
  return wire::make_control_channel_ready(wire::Stamp::fresh(now));
}

Bytes make_data_channel_ready(Timestamp now) {
  return wire::make_data_channel_ready(wire::Stamp::fresh(now));
}

Bytes make_interactive_shell(const SessionStartMessage& start, Timestamp now) {
  wire::SessionStart content;
  content.session_id = start.session_id;
  content.document_name = start.document_name;
  content.document_content = start.document;
  content.document_content.parameters = boost::json::object{};
  content.parameters = boost::json::object{};
  content.run_as_user = start.run_as_user;
  content.session_owner = start.session_owner_arn;
  content.data_channel_token = Secret(start.data_channel_token);
  return wire::make_interactive_shell(wire::Stamp::fresh(now), content, start.session_id);
}

Bytes make_agent_task_acknowledge(const Uuid& message_id, const std::string& task_id, Timestamp now) {
  return wire::make_agent_task_acknowledge(wire::Stamp::fresh(now), message_id, task_id);
}

std::optional<std::int64_t> acknowledged_number(ByteView payload) {
  // Runs for every acknowledgement relayed, so the one number is picked out of the text; both ends read the
  // body properly.
  constexpr std::string_view kName = "\"AcknowledgedMessageSequenceNumber\":";
  const auto text = as_text(payload);
  const auto at = text.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto* begin = text.data() + at + kName.size();
  const auto parsed = std::from_chars(begin, text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

std::optional<std::string> terminating_reason(ByteView payload) {
  const auto state = decode_json_text<wire::AgentSessionState>(as_text(payload));
  if (!state || state->session_state != wire::kSessionTerminating) return std::nullopt;
  return state->output.value_or("");
}

}  // namespace postern::gateway

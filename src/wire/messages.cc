#include "wire/messages.h"

#include <fmt/format.h>

namespace postern::wire {
namespace {

// Messages outside the streams on a data channel: both flags, number 0.
Bytes make_data_control(MessageType type, const Stamp& stamp, std::string_view body) {
  MessageHeader header;
  header.type = type;
  header.flags = kFlagSyn | kFlagFin;
  header.stamp = stamp;
  return serialize(header, as_bytes(body));
}

Bytes make_control(MessageType type, const Stamp& stamp, std::string_view body) {
  MessageHeader header;
  header.type = type;
  header.stamp = stamp;
  return serialize(header, as_bytes(body));
}

Bytes make_publication(MessageType type, const Stamp& stamp, std::string_view session_id) {
  Publication body;
  body.session_id = session_id;
  return make_data_control(type, stamp, encode_json_text(body));
}

MessageHeader stream_header(const Stamp& stamp, MessageType type, std::int64_t sequence_number,
                            PayloadType payload_type) {
  MessageHeader header;
  header.type = type;
  header.sequence_number = sequence_number;
  header.flags = type == MessageType::kOutputStreamData && sequence_number == 0 ? kFlagSyn : 0;
  header.payload_type = payload_type;
  header.stamp = stamp;
  return header;
}

}  // namespace

Bytes make_acknowledge(const Stamp& stamp, MessageType acknowledged_type, const Uuid& acknowledged_id,
                       std::int64_t acknowledged_number, const std::optional<Progress>& progress) {
  // No value here needs escaping.
  fmt::memory_buffer body;
  fmt::format_to(
      fmt::appender(body),
      R"({{"AcknowledgedMessageType":"{}","AcknowledgedMessageId":"{}","AcknowledgedMessageSequenceNumber":{},)"
      R"("IsSequentialMessage":true)",
      wire_name(acknowledged_type), acknowledged_id.to_string(), acknowledged_number);
  if (progress) {
    fmt::format_to(fmt::appender(body), R"(,"AcknowledgedThrough":{},"HeldThrough":{}{}{})",
                   progress->acknowledged_through, progress->held_through,
                   progress->gap ? R"(,"Gap":true)" : "", progress->probe ? R"(,"Probe":true)" : "");
  }
  body.push_back('}');
  return make_data_control(MessageType::kAcknowledge, stamp, {body.data(), body.size()});
}

Bytes make_channel_closed(const Stamp& stamp, std::string_view destination_id, std::string_view session_id,
                          std::string_view output) {
  ChannelClosed body;
  body.message_id = stamp.message_id.to_string();
  body.created_date = std::to_string(stamp.created_millis);
  body.destination_id = destination_id;
  body.session_id = session_id;
  body.message_type = wire_name(MessageType::kChannelClosed);
  body.schema_version = 1;
  body.output = output;
  return make_data_control(MessageType::kChannelClosed, stamp, encode_json_text(body));
}

Bytes make_agent_session_state(const Stamp& stamp, std::string_view state, std::string_view session_id,
                               std::string_view output) {
  AgentSessionState body;
  body.session_state = state;
  body.session_id = session_id;
  if (!output.empty()) body.output = output;
  return make_data_control(MessageType::kAgentSessionState, stamp, encode_json_text(body));
}

Bytes make_session_notice(const Stamp& stamp, std::string_view session_id, std::string_view text) {
  SessionNotice body;
  body.session_id = session_id;
  body.text = text;
  return make_data_control(MessageType::kSessionNotice, stamp, encode_json_text(body));
}

Bytes make_pause_publication(const Stamp& stamp, std::string_view session_id) {
  return make_publication(MessageType::kPausePublication, stamp, session_id);
}

Bytes make_start_publication(const Stamp& stamp, std::string_view session_id) {
  return make_publication(MessageType::kStartPublication, stamp, session_id);
}

Bytes make_data_channel_ready(const Stamp& stamp) {
  return make_data_control(MessageType::kDataChannelReady, stamp, "{}");
}

Bytes make_control_channel_ready(const Stamp& stamp) {
  return make_control(MessageType::kControlChannelReady, stamp, "{}");
}

Bytes make_interactive_shell(const Stamp& stamp, const SessionStart& start, std::string_view task_id) {
  InteractiveShell body;
  body.content = encode_json_text(start);
  body.task_id = task_id;
  body.topic = wire_name(MessageType::kInteractiveShell);
  body.schema_version = 1;
  return make_control(MessageType::kInteractiveShell, stamp, encode_json_text(body));
}

Bytes make_agent_task_complete(const Stamp& stamp, const AgentTaskComplete& body) {
  return make_control(MessageType::kAgentTaskComplete, stamp, encode_json_text(body));
}

Bytes make_agent_task_acknowledge(const Stamp& stamp, const Uuid& acknowledged_id, std::string_view task_id) {
  AgentTaskAcknowledge body;
  body.message_id = acknowledged_id.to_string();
  body.task_id = task_id;
  return make_control(MessageType::kAgentTaskAcknowledge, stamp, encode_json_text(body));
}

Bytes make_stream_message(const Stamp& stamp, MessageType type, std::int64_t sequence_number,
                          PayloadType payload_type, ByteView payload, Digest digest) {
  return serialize(stream_header(stamp, type, sequence_number, payload_type), payload, digest);
}

std::array<std::uint8_t, kHeaderBytes> make_stream_header(const Stamp& stamp, MessageType type,
                                                          std::int64_t sequence_number,
                                                          PayloadType payload_type, ByteView payload,
                                                          Digest digest) {
  return serialize_header(stream_header(stamp, type, sequence_number, payload_type), payload, digest);
}

}  // namespace postern::wire

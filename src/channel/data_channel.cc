#include "channel/data_channel.h"

namespace postern::channel {
namespace {

wire::MessageType sent_by(End end) {
  return end == End::kAgent ? wire::MessageType::kOutputStreamData : wire::MessageType::kInputStreamData;
}

wire::MessageType received_by(End end) {
  return sent_by(end == End::kAgent ? End::kClient : End::kAgent);
}

}  // namespace

std::string_view to_string(ChannelError error) {
  switch (error) {
    case ChannelError::kMalformedMessage:
      return "malformed message";
    case ChannelError::kWrongDigest:
      return "payload digest does not match";
    case ChannelError::kMalformedPayload:
      return "malformed payload";
    case ChannelError::kAcknowledgedUnsent:
      return "acknowledgement of a message that was never sent";
  }
  return "error";
}

DataChannel::DataChannel(End end, DataChannelOptions options, const Clock& clock)
    : end_(end), clock_(clock), sender_(sent_by(end), options.sender, clock), receiver_(options.receiver) {}

std::expected<void, ChannelError> DataChannel::on_message(ByteView bytes, SteadyTime now) {
  const auto message = wire::parse(bytes);
  if (!message) return std::unexpected(ChannelError::kMalformedMessage);
  const auto type = message->header.type;
  if (type == received_by(end_)) return on_stream_message(*message, now);
  switch (type) {
    case wire::MessageType::kAcknowledge:
      return on_acknowledge(*message, now);
    case wire::MessageType::kChannelClosed:
      return on_channel_closed(*message);
    case wire::MessageType::kSessionNotice: {
      auto body = decode_json_text<wire::SessionNotice>(as_text(message->payload));
      if (!body) return std::unexpected(ChannelError::kMalformedPayload);
      notice_ = std::move(body->text);
      return {};
    }
    case wire::MessageType::kPausePublication:
      if (end_ == End::kAgent) sender_.pause();
      return {};
    case wire::MessageType::kStartPublication:
      sender_.resume();
      return {};
    default:
      return {};
  }
}

std::expected<void, ChannelError> DataChannel::on_stream_message(const wire::AgentMessageView& message,
                                                                 SteadyTime now) {
  // The client is evidently back, even if this message is no good (4.7).
  sender_.resume();
  if (!bulk_allowed_ && !wire::digest_matches(message)) return std::unexpected(ChannelError::kWrongDigest);
  hushed_until_.reset();
  const bool none_waited = receiver_.pending_acks() == 0;
  receiver_.on_message(message);
  if (none_waited) acks_due_ = now + kAckDelay;
  return {};
}

bool DataChannel::acks_are_due(SteadyTime now) const {
  if (receiver_.pending_acks() == 0) return false;
  if (now >= acks_due_ || receiver_.pending_acks() >= kAckBatch) return true;
  const auto sending = sender_.next_wakeup();
  return sending && *sending <= now;
}

std::expected<void, ChannelError> DataChannel::on_acknowledge(const wire::AgentMessageView& message,
                                                              SteadyTime now) {
  sender_.resume();
  if (!wire::digest_matches(message)) return std::unexpected(ChannelError::kWrongDigest);
  const auto body = wire::decode_acknowledge(as_text(message.payload));
  if (!body) return std::unexpected(ChannelError::kMalformedPayload);
  const auto result = bulk_allowed_ && body->progress
                          ? sender_.on_progress(body->number, *body->progress, now)
                          : sender_.on_acknowledge(body->number, now);
  if (result == Sender::AckResult::kNeverSent) return std::unexpected(ChannelError::kAcknowledgedUnsent);
  return {};
}

std::expected<void, ChannelError> DataChannel::on_channel_closed(const wire::AgentMessageView& message) {
  auto body = decode_json_text<wire::ChannelClosed>(as_text(message.payload));
  // An official client ends even then, with the fields that it could read.
  closed_ = body ? std::move(*body) : wire::ChannelClosed{};
  if (!body) return std::unexpected(ChannelError::kMalformedPayload);
  return {};
}

std::optional<ByteView> DataChannel::poll(SteadyTime now) {
  if (hushed_until_) {
    if (now < *hushed_until_) return std::nullopt;
    hushed_until_.reset();
  }
  if (acks_are_due(now)) {
    // What one turn brings leaves together, so the others don't wait for a time of their own.
    acks_due_ = now;
    const auto ack = receiver_.take_ack().value();
    const auto stamp = wire::Stamp::fresh(clock_.now());
    acknowledgement_ =
        wire::make_acknowledge(stamp, received_by(end_), ack.message_id, ack.number, ack.progress);
    return acknowledgement_;
  }
  const auto message = sender_.poll(now);
  if (message && hush_after_ && sender_.written_end() > *hush_after_) {
    hush_after_.reset();
    hushed_until_ = now + hush_limit_;
  }
  return message;
}

std::optional<SteadyTime> DataChannel::next_wakeup() const {
  auto wakeup = sender_.next_wakeup();
  if (receiver_.pending_acks() >= kAckBatch) wakeup = SteadyTime::min();
  if (receiver_.pending_acks() > 0) wakeup = std::min(wakeup.value_or(acks_due_), acks_due_);
  if (wakeup && hushed_until_) wakeup = std::max(*wakeup, *hushed_until_);
  return wakeup;
}

void DataChannel::send_then_hush(wire::PayloadType type, ByteView payload, SteadyDuration limit) {
  hush_after_ = sender_.send(type, payload);
  hush_limit_ = limit;
}

void DataChannel::use_bulk() {
  allow_bulk();
  sender_.use_bulk(kBulkWindowBytes);
  receiver_.use_cumulative();
}

void DataChannel::on_reconnect() {
  sender_.on_reconnect();
  hushed_until_.reset();
}

}  // namespace postern::channel

#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "channel/receiver.h"
#include "channel/sender.h"
#include "wire/messages.h"

/// One end of a data channel, without sockets or clocks of its own: messages and times go in, messages to
/// write come out (data-channel.md sections 4 and 7).
namespace postern::channel {

enum class End { kAgent, kClient };

struct DataChannelOptions {
  SenderOptions sender;
  ReceiverOptions receiver;
};

/// Why a received message was not used. The channel goes on in every case.
enum class ChannelError {
  kMalformedMessage,
  /// The sender will repeat it.
  kWrongDigest,
  kMalformedPayload,
  /// The peer acknowledged what it can't have seen.
  kAcknowledgedUnsent,
};
std::string_view to_string(ChannelError error);

/// Lives on one thread. The driver feeds on_message(), then writes what poll() gives while its transport has
/// room, and calls poll() again at next_wakeup(), after send(), and after a delivery was taken.
class DataChannel {
 public:
  /// `clock` dates the messages and must outlive the channel.
  DataChannel(End end, DataChannelOptions options, const Clock& clock);

  /// One WebSocket message after the opening frame. Message types that don't concern this end are ignored, as
  /// official peers do.
  std::expected<void, ChannelError> on_message(ByteView message, SteadyTime now);

  /// How long an acknowledgement waits for a message that goes the same way, and how many may wait. A key and
  /// its echo then cost one write each at either end, not two; peers repeat after 200 ms at the earliest
  /// (4.5).
  static constexpr std::chrono::milliseconds kAckDelay{2};
  static constexpr std::size_t kAckBatch = 8;

  /// The next message to write, acknowledgements first; valid until the next call of any member.
  std::optional<ByteView> poll(SteadyTime now);
  /// When poll() may next have a message, if nothing else happens: a time in the past means now, nothing
  /// means never.
  std::optional<SteadyTime> next_wakeup() const;

  /// See Sender. While paused nothing should be produced, though it would be kept.
  bool can_send() const { return sender_.can_send() && !sender_.paused(); }
  void send(wire::PayloadType type, ByteView payload) { sender_.send(type, payload); }
  /// The same without copying the payload: see Sender.
  std::span<std::uint8_t> prepare(std::size_t max_bytes) { return sender_.prepare(max_bytes); }
  void send_prepared(wire::PayloadType type, std::size_t size) { sender_.send_prepared(type, size); }
  /// Sends, and once it is written stays silent until the peer's next stream message or `limit` has passed.
  /// An official client is killed by whatever reaches it just behind HandshakeComplete (data-channel.md 5.4).
  void send_then_hush(wire::PayloadType type, ByteView payload, SteadyDuration limit);
  bool all_acknowledged() const { return sender_.all_acknowledged(); }

  /// What follows belongs to kExtensionBulk (docs/protocol.md). The first: the peer may leave out digests and
  /// report progress; to be called before it can know of the agreement. The second: it knows, so this end
  /// does both as well.
  void allow_bulk() { bulk_allowed_ = true; }
  void use_bulk();
  static constexpr std::size_t kBulkWindowBytes = 8 * 1024 * 1024;
  /// The best size of a bulk payload: large enough that its header and answer don't count, small enough that
  /// a key behind it does not wait. With all headers it fills four TLS records, and doesn't begin a fifth.
  static constexpr std::size_t kBulkPayloadBytes = 64 * 1024 - 256;

  /// See Receiver.
  const Delivery* front() const { return receiver_.front(); }
  Delivery pop() { return receiver_.pop(); }
  void set_ready(bool ready) { receiver_.set_ready(ready); }
  void set_consumer(PayloadConsumer* consumer) { receiver_.set_consumer(consumer); }

  /// A new connection carries the channel from now on. Numbers go on where they were.
  void on_reconnect();

  /// Set once the service has ended the session; `output` is its text for the person.
  const std::optional<wire::ChannelClosed>& closed() const { return closed_; }
  /// What the service last had to say to the person (`session_notice`), once.
  std::optional<std::string> take_notice() { return std::exchange(notice_, std::nullopt); }
  bool paused() const { return sender_.paused(); }

  const Sender& sender() const { return sender_; }
  const Receiver& receiver() const { return receiver_; }

 private:
  std::expected<void, ChannelError> on_acknowledge(const wire::AgentMessageView& message, SteadyTime now);
  std::expected<void, ChannelError> on_stream_message(const wire::AgentMessageView& message, SteadyTime now);
  std::expected<void, ChannelError> on_channel_closed(const wire::AgentMessageView& message);
  bool acks_are_due(SteadyTime now) const;

  End end_;
  const Clock& clock_;
  Sender sender_;
  Receiver receiver_;
  std::optional<wire::ChannelClosed> closed_;
  std::optional<std::string> notice_;
  bool bulk_allowed_ = false;
  /// Silence begins when this number has been written...
  std::optional<std::int64_t> hush_after_;
  SteadyDuration hush_limit_{};
  /// ... and lasts until then.
  std::optional<SteadyTime> hushed_until_;
  /// When the waiting acknowledgements go out whatever happens.
  SteadyTime acks_due_ = SteadyTime::min();
  /// What poll() last gave out, unless the sender keeps it.
  Bytes acknowledgement_;
};

}  // namespace postern::channel

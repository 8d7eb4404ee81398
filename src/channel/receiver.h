#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/messages.h"

namespace postern::channel {

struct ReceiverOptions {
  /// Delivered and not yet taken by the consumer. One message always fits, whatever its size.
  std::size_t queue_bytes = 1024 * 1024;
  std::size_t queue_messages = 1024;
  /// Received ahead of a missing message, or of a consumer that is not ready.
  std::size_t buffer_bytes = 8 * 1024 * 1024;
  std::size_t buffer_messages = 10'000;
};

/// A stream message's content, in order and once.
struct Delivery {
  wire::PayloadType type;
  Bytes payload;
};

/// Takes payloads where they lie, for whoever has a use for them at once (see Receiver::set_consumer).
class PayloadConsumer {
 public:
  virtual ~PayloadConsumer() = default;
  /// The next payload. Returns how many bytes of it have been taken, from the front; the rest is delivered
  /// through the queue. May call every member of the channel but on_message(), pop() and set_consumer().
  virtual std::size_t on_payload(wire::PayloadType type, ByteView payload) = 0;
};

/// A message to be acknowledged.
struct PendingAck {
  Uuid message_id;
  std::int64_t number;
  /// Set in cumulative mode: it then stands for everything up to there.
  std::optional<wire::Progress> progress = std::nullopt;
};

/// The other direction of a data channel: puts stream messages in order, tells which to acknowledge, and
/// hands them to a consumer through a bounded queue (data-channel.md 4.3).
///
/// An acknowledgement means that the message is in the queue or, while an older one is missing, in the
/// reorder buffer. While the consumer is not ready or its queue is full nothing more is acknowledged: the
/// sender's window fills and it stops. What arrived by then is kept, so nothing needs repeating once the
/// consumer goes on.
class Receiver {
 public:
  explicit Receiver(ReceiverOptions options);

  enum class Receipt { kDelivered, kBuffered, kDuplicate, kDropped };
  /// A message whose digest is right. The payload is copied, or given to the consumer.
  Receipt on_message(const wire::AgentMessageView& message);

  /// From now on one acknowledgement tells the progress of the whole stream, and duplicates are answered even
  /// while the consumer is stopped, so that the sender knows what need not be repeated.
  void use_cumulative() { cumulative_ = true; }

  /// Starts (the initial state) or stops delivery.
  void set_ready(bool ready);

  /// From now on a payload that is the next in order goes to `consumer` without being copied, as long as the
  /// queue is empty and delivery not stopped; everything else goes through the queue as before, so the
  /// consumer still looks at front() after each message. It must outlive the Receiver, or be taken back with
  /// nullptr.
  void set_consumer(PayloadConsumer* consumer) { consumer_ = consumer; }

  /// The oldest delivery, or nothing; valid until pop().
  const Delivery* front() const { return queue_.empty() ? nullptr : &queue_.front(); }
  /// Takes the oldest delivery out. There must be one.
  Delivery pop();

  std::optional<PendingAck> take_ack();
  std::size_t pending_acks() const { return acks_.size() + unreported_; }

  /// Queue and buffer together.
  std::size_t held_bytes() const { return queue_bytes_ + buffer_bytes_; }
  std::int64_t expected_number() const { return expected_; }

 private:
  struct Buffered {
    Uuid message_id;
    Delivery delivery;
    bool acknowledged;
  };

  bool queue_has_room(std::size_t bytes) const;
  void acknowledge(const Uuid& message_id, std::int64_t number);
  std::int64_t held_through() const;
  void deliver(const wire::AgentMessageView& message);
  void enqueue(Delivery delivery);
  void deliver_buffered();

  ReceiverOptions options_;
  std::int64_t expected_ = 0;
  std::deque<Delivery> queue_;
  std::size_t queue_bytes_ = 0;
  std::map<std::int64_t, Buffered> buffer_;
  std::size_t buffer_bytes_ = 0;
  std::deque<PendingAck> acks_;
  PayloadConsumer* consumer_ = nullptr;
  /// The consumer is looking at a payload, whose rest must precede whatever else is delivered.
  bool consuming_ = false;
  bool ready_ = true;
  bool cumulative_ = false;
  /// Cumulative mode: messages since the last acknowledgement, and the newest of them.
  std::size_t unreported_ = 0;
  PendingAck newest_{};
  /// Losses are reported once for each number that is missing.
  std::int64_t gap_reported_at_ = -1;
  bool gap_to_report_ = false;
  bool probe_to_answer_ = false;
};

}  // namespace postern::channel

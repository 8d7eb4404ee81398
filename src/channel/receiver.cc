#include "channel/receiver.h"

#include <utility>

#include "base/check.h"

namespace postern::channel {
namespace {

// A peer that repeats itself faster than we can write gets no further answers; it will repeat once more.
constexpr std::size_t kMaxPendingAcks = 20'000;

}  // namespace

Receiver::Receiver(ReceiverOptions options) : options_(options) {}

Receiver::Receipt Receiver::on_message(const wire::AgentMessageView& message) {
  const auto number = message.header.sequence_number;
  const auto& id = message.header.stamp.message_id;
  const auto size = message.payload.size();
  if (cumulative_ && (message.header.flags & wire::kFlagProbe) != 0) {
    probe_to_answer_ = true;
    acknowledge(id, number);
  }
  if (number < expected_) {
    // Without this an official client repeats for 5 minutes and then ends the session.
    acknowledge(id, number);
    return Receipt::kDuplicate;
  }
  const auto found = buffer_.find(number);
  if (found != buffer_.end()) {
    if (found->second.acknowledged) acknowledge(found->second.message_id, number);
    return Receipt::kDuplicate;
  }
  if (number == expected_ && ready_ && queue_has_room(size)) {
    acknowledge(id, number);
    ++expected_;
    deliver(message);
    deliver_buffered();
    return Receipt::kDelivered;
  }
  if (buffer_.size() >= options_.buffer_messages || buffer_bytes_ + size > options_.buffer_bytes) {
    return Receipt::kDropped;
  }
  // Behind a missing message it is acknowledged now; behind a slow consumer when the consumer gets there.
  const bool missing = number != expected_ && !buffer_.contains(expected_);
  buffer_bytes_ += size;
  buffer_.emplace(
      number,
      Buffered{
          id, {message.header.payload_type, Bytes(message.payload.begin(), message.payload.end())}, missing});
  if (missing) acknowledge(id, number);
  // Each leg of the way keeps the order, so what is missing was lost with one of them.
  if (missing && cumulative_ && gap_reported_at_ != expected_) {
    gap_reported_at_ = expected_;
    gap_to_report_ = true;
  }
  return Receipt::kBuffered;
}

void Receiver::set_ready(bool ready) {
  ready_ = ready;
  deliver_buffered();
}

Delivery Receiver::pop() {
  POSTERN_CHECK(!queue_.empty());
  auto delivery = std::move(queue_.front());
  queue_.pop_front();
  queue_bytes_ -= delivery.payload.size();
  deliver_buffered();
  return delivery;
}

std::optional<PendingAck> Receiver::take_ack() {
  if (acks_.empty() && unreported_ > 0) {
    unreported_ = 0;
    newest_.progress = wire::Progress{expected_ - 1, held_through(), std::exchange(gap_to_report_, false),
                                      std::exchange(probe_to_answer_, false)};
    return newest_;
  }
  if (acks_.empty()) return std::nullopt;
  const auto ack = acks_.front();
  acks_.pop_front();
  return ack;
}

bool Receiver::queue_has_room(std::size_t bytes) const {
  return queue_.empty() ||
         (queue_bytes_ + bytes <= options_.queue_bytes && queue_.size() < options_.queue_messages);
}

std::int64_t Receiver::held_through() const {
  auto held = expected_ - 1;
  for (auto next = buffer_.begin(); next != buffer_.end() && next->first == held + 1; ++next) ++held;
  return held;
}

void Receiver::acknowledge(const Uuid& message_id, std::int64_t number) {
  if (cumulative_) {
    ++unreported_;
    newest_ = {message_id, number};
    return;
  }
  if (acks_.size() < kMaxPendingAcks) acks_.push_back({message_id, number});
}

void Receiver::deliver(const wire::AgentMessageView& message) {
  auto rest = message.payload;
  if (consumer_ != nullptr && queue_.empty() && !rest.empty()) {
    consuming_ = true;
    const auto taken = consumer_->on_payload(message.header.payload_type, rest);
    consuming_ = false;
    POSTERN_CHECK(taken <= rest.size());
    rest = rest.subspan(taken);
    if (rest.empty()) return;
  }
  enqueue({message.header.payload_type, Bytes(rest.begin(), rest.end())});
}

void Receiver::enqueue(Delivery delivery) {
  queue_bytes_ += delivery.payload.size();
  queue_.push_back(std::move(delivery));
}

void Receiver::deliver_buffered() {
  while (ready_ && !consuming_ && !buffer_.empty()) {
    const auto next = buffer_.begin();
    const auto size = next->second.delivery.payload.size();
    if (next->first != expected_ || !queue_has_room(size)) return;
    if (!next->second.acknowledged) acknowledge(next->second.message_id, expected_);
    buffer_bytes_ -= size;
    enqueue(std::move(next->second.delivery));
    buffer_.erase(next);
    ++expected_;
  }
}

}  // namespace postern::channel

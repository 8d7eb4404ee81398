#include "channel/sender.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace postern::channel {

Sender::Sender(wire::MessageType stream, SenderOptions options, const Clock& clock)
    : stream_(stream), options_(options), clock_(clock) {}

bool Sender::can_send() const {
  return kept_bytes_ < options_.window_bytes &&
         static_cast<std::int64_t>(kept_.size()) < options_.window_messages;
}

std::int64_t Sender::send(wire::PayloadType type, ByteView payload) {
  POSTERN_CHECK(!payload.empty());
  Buffer message(wire::kHeaderBytes + payload.size());
  std::ranges::copy(payload, message.bytes().subspan(wire::kHeaderBytes).begin());
  return keep(type, std::move(message));
}

std::span<std::uint8_t> Sender::prepare(std::size_t max_bytes) {
  const auto size = wire::kHeaderBytes + max_bytes;
  if (prepared_.capacity() != size) prepared_ = pool_.take(size);
  return prepared_.bytes().subspan(wire::kHeaderBytes);
}

std::int64_t Sender::send_prepared(wire::PayloadType type, std::size_t size) {
  POSTERN_CHECK(size > 0 && wire::kHeaderBytes + size <= prepared_.size());
  // A buffer that is mostly empty would be kept whole until it is acknowledged.
  if (size < (prepared_.size() - wire::kHeaderBytes) / 2)
    return send(type, prepared_.bytes().subspan(wire::kHeaderBytes, size));
  prepared_.resize(wire::kHeaderBytes + size);
  return keep(type, std::move(prepared_));
}

/// `message` has room for its header in front.
std::int64_t Sender::keep(wire::PayloadType type, Buffer message) {
  const auto number = next_number();
  const auto header = wire::make_stream_header(wire::Stamp::fresh(clock_.now()), stream_, number, type,
                                               message.bytes().subspan(wire::kHeaderBytes),
                                               bulk_ ? wire::Digest::kZero : wire::Digest::kSha256);
  std::ranges::copy(header, message.bytes().begin());
  kept_bytes_ += message.size();
  kept_.push_back({.message = std::move(message)});
  return number;
}

void Sender::release(Kept& kept) {
  kept_bytes_ -= kept.message.size();
  pool_.give_back(std::move(kept.message));
}

Sender::AckResult Sender::on_acknowledge(std::int64_t number, SteadyTime now) {
  if (number < 0 || number >= written_end_) return AckResult::kNeverSent;
  if (number < first_) return AckResult::kRepeated;
  auto& kept = at(number);
  if (kept.message.empty()) return AckResult::kRepeated;
  if (kept.written) rtt_.on_sample(now - kept.first_written);
  silent_rounds_ = 0;
  release(kept);
  drop_acknowledged();
  return AckResult::kAcknowledged;
}

void Sender::drop_acknowledged() {
  while (!kept_.empty() && kept_.front().message.empty()) {
    kept_.pop_front();
    ++first_;
  }
  cursor_ = std::max(cursor_, first_);
  // An idle channel keeps nothing.
  if (kept_.empty()) pool_.shrink(0);
}

Sender::AckResult Sender::on_progress(std::int64_t number, const wire::Progress& progress, SteadyTime now) {
  if (number < 0 || std::max({number, progress.acknowledged_through, progress.held_through}) >= written_end_)
    return AckResult::kNeverSent;
  auto result = AckResult::kRepeated;
  if (number >= first_ && number <= progress.acknowledged_through && at(number).written)
    rtt_.on_sample(now - at(number).first_written);
  for (auto next = first_; next <= progress.acknowledged_through; ++next) {
    release(at(next));
    result = AckResult::kAcknowledged;
  }
  drop_acknowledged();
  if (result == AckResult::kAcknowledged) silent_rounds_ = 0;
  const bool lost = progress.probe && probe_end_ && progress.held_through + 1 < *probe_end_;
  if (progress.probe) probe_end_.reset();
  if (lost || progress.gap) repeat_behind(progress.held_through);
  return result;
}

/// Writing goes on behind what the peer holds, because each leg of the way keeps the order: what was written
/// before a message that arrived, and has not arrived itself, never will.
void Sender::repeat_behind(std::int64_t held_through) {
  const auto from = std::max(first_, held_through + 1);
  if (from >= cursor_) return;
  repetitions_ += static_cast<std::uint64_t>(cursor_ - from);
  cursor_ = from;
  repair_left_ = 0;
}

void Sender::use_bulk(std::size_t window_bytes) {
  bulk_ = true;
  options_.window_bytes = window_bytes;
}

void Sender::on_reconnect() {
  cursor_ = first_;
  repair_left_ = 0;
  silent_rounds_ = 0;
  probe_end_.reset();
  paused_ = false;
  for (auto& kept : kept_) kept.written = false;
}

std::optional<ByteView> Sender::poll(SteadyTime now) {
  if (paused_) return std::nullopt;
  // Repetitions first: what is missing at the peer holds up everything behind it.
  if (auto repeated = poll_repair(now)) return repeated;
  while (cursor_ < next_number() && at(cursor_).message.empty()) ++cursor_;
  if (cursor_ == next_number() || second_must_wait(now)) return std::nullopt;
  auto& kept = at(cursor_++);
  written_end_ = std::max(written_end_, cursor_);
  return write(kept, now);
}

std::optional<ByteView> Sender::poll_repair(SteadyTime now) {
  if (repair_left_ == 0) {
    if (cursor_ == first_ || now < kept_.front().last_written + timeout()) return std::nullopt;
    repair_left_ = silent_rounds_ == 0 && !bulk_ ? kRepairMessages : 1;
    if (bulk_) {
      probe_end_ = cursor_;
      wire::set_probe_flag(kept_.front().message.bytes());
    }
    repair_next_ = first_;
    ++silent_rounds_;
  }
  // The round's own count has already lengthened timeout(); what it repeats was due before.
  const auto overdue = rtt_.timeout();
  for (repair_next_ = std::max(repair_next_, first_); repair_next_ < cursor_; ++repair_next_) {
    auto& kept = at(repair_next_);
    if (kept.message.empty() || now < kept.last_written + overdue) continue;
    ++repair_next_;
    --repair_left_;
    ++repetitions_;
    return write(kept, now);
  }
  repair_left_ = 0;
  return std::nullopt;
}

ByteView Sender::write(Kept& kept, SteadyTime now) {
  if (!kept.written) kept.first_written = now;
  kept.written = true;
  kept.last_written = now;
  return kept.message.bytes();
}

std::optional<SteadyTime> Sender::next_wakeup() const {
  if (paused_ || kept_.empty()) return std::nullopt;
  std::optional<SteadyTime> wakeup;
  if (cursor_ > first_)
    wakeup = repair_left_ > 0 ? SteadyTime::min() : kept_.front().last_written + timeout();
  if (cursor_ < next_number()) {
    const bool waits = cursor_ == 1 && first_ == 0 && options_.gap_after_first > SteadyDuration::zero();
    const auto next = waits ? kept_.front().first_written + options_.gap_after_first : SteadyTime::min();
    wakeup = std::min(wakeup.value_or(next), next);
  }
  return wakeup;
}

SteadyDuration Sender::timeout() const {
  // A full window takes its time through a relay; a loss shows itself by a gap long before.
  if (bulk_) return kMaxRetransmissionTimeout;
  const auto doubled = rtt_.timeout() * (1 << std::min(silent_rounds_, 7));
  return std::min<SteadyDuration>(doubled, kMaxRetransmissionTimeout);
}

bool Sender::second_must_wait(SteadyTime now) const {
  return cursor_ == 1 && first_ == 0 && now < kept_.front().first_written + options_.gap_after_first;
}

}  // namespace postern::channel

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "channel/rtt_estimator.h"
#include "wire/messages.h"

namespace postern::channel {

struct SenderOptions {
  /// Unacknowledged bytes, headers included, at which can_send() turns false.
  std::size_t window_bytes = 4 * 1024 * 1024;
  /// Distance between the oldest unacknowledged number and the next: an official client buffers 10,000
  /// messages.
  std::int64_t window_messages = 8000;
  /// The second message waits until the first was acknowledged or this long: an official client without
  /// handshake is not ready for it sooner and would take only its repetition (data-channel.md 4.3).
  SteadyDuration gap_after_first{0};
};

/// One direction of a data channel: numbers messages, keeps them until acknowledged, and says which to write
/// when. A message is kept before it is first written, so that no acknowledgement can overtake it (4.6).
///
/// Repetition: the oldest unacknowledged message after its timeout, and while acknowledgements come in also
/// what is overdue behind it, up to kRepairMessages a round. Without any answer the timeout doubles up to a
/// second and the oldest is repeated alone: a peer whose consumer is stopped gets one message a second, not
/// the window.
class Sender {
 public:
  Sender(wire::MessageType stream, SenderOptions options, const Clock& clock);

  /// Whether the window has room. Whoever produces in bulk asks first; single messages (sizes, flags,
  /// handshake) may exceed the window.
  bool can_send() const;

  /// Takes a message; poll() gives it out. `payload` may not be empty (3.1). Returns its number.
  std::int64_t send(wire::PayloadType type, ByteView payload);

  /// The same without a copy: room for a payload of up to `max_bytes`, to be filled and then sent with
  /// send_prepared(); valid until then. What was prepared and not sent is forgotten by the next call.
  std::span<std::uint8_t> prepare(std::size_t max_bytes);
  /// Sends the first `size` bytes, at least one, of what was prepared last.
  std::int64_t send_prepared(wire::PayloadType type, std::size_t size);

  enum class AckResult {
    kAcknowledged,
    /// Acknowledged before: a repetition crossed with the answer.
    kRepeated,
    /// Never written, so the peer can't have seen it.
    kNeverSent,
  };
  AckResult on_acknowledge(std::int64_t number, SteadyTime now);

  /// Everything up to `progress.acknowledged_through` is acknowledged (cumulative mode); `number` is that of
  /// the message that caused the answer. What the peer evidently lost goes out again.
  AckResult on_progress(std::int64_t number, const wire::Progress& progress, SteadyTime now);

  /// From now on messages have no digest, the window is `window_bytes`, and the peer reports progress: a
  /// timeout then repeats the oldest message alone, whose answer says what else was lost.
  void use_bulk(std::size_t window_bytes);

  /// The connection is a new one: all that is unacknowledged goes out again in order, and a pause ends (4.7).
  void on_reconnect();

  /// Nothing is written or repeated until resume(). What is sent meanwhile is kept.
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }
  bool paused() const { return paused_; }

  /// The next message to write, if any is due; valid until the next call of any member.
  std::optional<ByteView> poll(SteadyTime now);

  /// When poll() may next have a message, if nothing else happens: a time in the past means now, nothing
  /// means never.
  std::optional<SteadyTime> next_wakeup() const;

  bool all_acknowledged() const { return kept_.empty(); }
  std::size_t kept_bytes() const { return kept_bytes_; }
  /// The number that the next send() uses.
  std::int64_t next_number() const { return first_ + static_cast<std::int64_t>(kept_.size()); }
  /// Every number below was written at least once.
  std::int64_t written_end() const { return written_end_; }
  std::uint64_t repetitions() const { return repetitions_; }

  static constexpr int kRepairMessages = 64;
  /// Buffers of acknowledged messages kept for further ones: what an acknowledgement or two of a bulk
  /// transfer free at once. None once everything is acknowledged.
  static constexpr std::size_t kPoolBytes = 2 * 1024 * 1024;

 private:
  struct Kept {
    /// Empty once acknowledged while an older one is not.
    Buffer message;
    SteadyTime first_written;
    SteadyTime last_written;
    bool written = false;
  };

  Kept& at(std::int64_t number) { return kept_[static_cast<std::size_t>(number - first_)]; }
  SteadyDuration timeout() const;
  void drop_acknowledged();
  void repeat_behind(std::int64_t held_through);
  bool second_must_wait(SteadyTime now) const;
  std::optional<ByteView> poll_repair(SteadyTime now);
  ByteView write(Kept& kept, SteadyTime now);
  std::int64_t keep(wire::PayloadType type, Buffer message);
  void release(Kept& kept);

  wire::MessageType stream_;
  SenderOptions options_;
  const Clock& clock_;
  RttEstimator rtt_;
  /// Messages first_, first_ + 1, ...; the front one is unacknowledged.
  std::deque<Kept> kept_;
  std::int64_t first_ = 0;
  std::size_t kept_bytes_ = 0;
  /// The next number not yet written on this connection.
  std::int64_t cursor_ = 0;
  std::int64_t written_end_ = 0;
  std::int64_t repair_next_ = 0;
  int repair_left_ = 0;
  /// Repair rounds since the last acknowledgement.
  int silent_rounds_ = 0;
  std::uint64_t repetitions_ = 0;
  /// Room for a header, and a payload being prepared behind it.
  Buffer prepared_;
  /// What was acknowledged, for the next prepare().
  BufferPool pool_{kPoolBytes};
  bool paused_ = false;
  bool bulk_ = false;
  /// Every number below had been written when the last timeout asked for an answer; nothing once it came.
  std::optional<std::int64_t> probe_end_;
};

}  // namespace postern::channel

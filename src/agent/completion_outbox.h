#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/messages.h"

namespace postern::agent {

/// agent_task_complete messages until the service acknowledges them: each is written three times at most, a
/// second apart, on one control channel, and again on the next (control-plane.md 4.7; official agents keep
/// none for the next). Time is passed in.
class CompletionOutbox {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `clock` dates the messages and must outlive the outbox.
  explicit CompletionOutbox(const Clock& clock) : clock_(clock) {}

  void add(wire::AgentTaskComplete task);
  /// An agent_task_acknowledge's MessageId; unknown ones don't matter.
  void on_acknowledge(std::string_view message_id);
  void on_reconnect();

  /// The sessions whose end the service has not confirmed.
  std::vector<std::string> session_ids() const;

  /// The next message that is due.
  std::optional<Bytes> poll(Time now);
  /// When poll() may next have one; nothing means never.
  std::optional<Time> next_wakeup() const;
  /// All acknowledged.
  bool empty() const { return entries_.empty(); }

  static constexpr int kTries = 3;
  static constexpr std::chrono::seconds kInterval{1};
  /// Of ended sessions that the service has not heard of; the oldest goes first.
  static constexpr std::size_t kMaxEntries = 1000;

 private:
  struct Entry {
    wire::Stamp stamp;
    wire::AgentTaskComplete task;
    int tries = 0;
    Time due = Time::min();
  };

  const Clock& clock_;
  std::deque<Entry> entries_;
};

}  // namespace postern::agent

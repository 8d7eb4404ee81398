#pragma once

#include <chrono>
#include <functional>

namespace postern::agent {

/// Gives a number evenly distributed in [0, 1).
using RandomUnit = std::function<double()>;

/// random.h's generator as a RandomUnit.
double random_unit();

/// When to try a lost connection again: the first time at once, then after a random part of a limit that
/// doubles from a second to a minute. Drawing from the whole of [0, limit] keeps thousands of agents from
/// returning together, and brings each back within a minute of the network's return.
class Backoff {
 public:
  explicit Backoff(RandomUnit random = random_unit) : random_(std::move(random)) {}

  /// The delay before the next attempt; each call counts as one. `max_limit` is at most kMaxLimit.
  std::chrono::milliseconds next(std::chrono::milliseconds max_limit = kMaxLimit);

  /// A connection existed for `lifetime`. Only one that lasted starts the sequence anew: a peer that accepts
  /// and drops at once must not be tried in a tight loop.
  void on_connection_lost(std::chrono::steady_clock::duration lifetime);

  static constexpr std::chrono::milliseconds kFirstLimit{1000};
  static constexpr std::chrono::milliseconds kMaxLimit{60'000};
  static constexpr std::chrono::seconds kLasting{10};

 private:
  RandomUnit random_;
  int attempts_ = 0;
};

}  // namespace postern::agent

#pragma once

#include <chrono>

namespace postern::channel {

using SteadyTime = std::chrono::steady_clock::time_point;
using SteadyDuration = std::chrono::steady_clock::duration;

/// The retransmission timeout after data-channel.md 4.5: smoothed round-trip time plus four deviations,
/// starting at 200 ms and never above a second.
class RttEstimator {
 public:
  /// A message was acknowledged `round_trip` after it was first written. Samples count as a second at most,
  /// so that an outage does not spoil the estimate for minutes.
  void on_sample(SteadyDuration round_trip);

  SteadyDuration timeout() const;

 private:
  using Millis = std::chrono::duration<double, std::milli>;

  Millis smoothed_{100};
  Millis deviation_{0};
  Millis timeout_{200};
};

inline constexpr std::chrono::milliseconds kMaxRetransmissionTimeout{1000};

}  // namespace postern::channel

#include "channel/rtt_estimator.h"

#include <algorithm>
#include <cmath>

namespace postern::channel {

void RttEstimator::on_sample(SteadyDuration round_trip) {
  constexpr Millis kGranularity{10};
  constexpr Millis kMax{kMaxRetransmissionTimeout};
  const Millis sample = std::clamp(Millis(round_trip), Millis(0), kMax);
  const Millis distance{std::abs((smoothed_ - sample).count())};
  deviation_ = 0.75 * deviation_ + 0.25 * distance;
  smoothed_ = 0.875 * smoothed_ + 0.125 * sample;
  timeout_ = std::min(smoothed_ + std::max(kGranularity, 4 * deviation_), kMax);
}

SteadyDuration RttEstimator::timeout() const {
  return std::chrono::duration_cast<SteadyDuration>(timeout_);
}

}  // namespace postern::channel

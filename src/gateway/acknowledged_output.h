#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

namespace postern::gateway {

/// Which numbers of an agent's output its client has acknowledged, as ranges. AWS's plugin acknowledges a
/// message once and never again, and AWS's agent repeats the oldest unacknowledged one for ever
/// (data-channel.md 4.6): an acknowledgement that was lost with a connection would stall it.
class AcknowledgedOutput {
 public:
  /// Acknowledgements come almost in order, so there are few gaps; with more the lowest range is forgotten,
  /// which the agent has most likely heard of.
  static constexpr std::size_t kMaxRanges = 256;

  /// `number` is not negative.
  void add(std::int64_t number) {
    if (contains(number)) return;
    auto first = number;
    auto last = number;
    const auto next = ranges_.upper_bound(number);
    if (next != ranges_.begin() && std::prev(next)->second == number - 1) first = std::prev(next)->first;
    if (next != ranges_.end() && next->first - 1 == number) {
      last = next->second;
      ranges_.erase(next);
    }
    ranges_[first] = last;
    if (ranges_.size() > kMaxRanges) ranges_.erase(ranges_.begin());
  }

  bool contains(std::int64_t number) const {
    const auto next = ranges_.upper_bound(number);
    return next != ranges_.begin() && std::prev(next)->second >= number;
  }

  std::size_t ranges() const { return ranges_.size(); }

 private:
  /// First to last of each.
  std::map<std::int64_t, std::int64_t> ranges_;
};

}  // namespace postern::gateway

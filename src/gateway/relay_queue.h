#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "base/bytes.h"

namespace postern::gateway {

/// Frames kept for a leg that is away. The ends could send them again, but official ones would do so at ten
/// frames a second (data-channel.md 4.6), so what arrived meanwhile is kept, bounded in bytes.
class RelayQueue {
 public:
  /// When this much is kept the other leg is no longer read.
  static constexpr std::size_t kLimitBytes = 1024 * 1024;

  bool full() const { return bytes_ >= kLimitBytes; }
  std::size_t bytes() const { return bytes_; }

  void push(ByteView frame) {
    bytes_ += frame.size();
    frames_.emplace_back(frame.begin(), frame.end());
  }

  bool empty() const { return frames_.empty(); }

  /// Takes the oldest frame; there must be one.
  Bytes pop() {
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    bytes_ -= frame.size();
    return frame;
  }

 private:
  std::deque<Bytes> frames_;
  std::size_t bytes_ = 0;
};

}  // namespace postern::gateway

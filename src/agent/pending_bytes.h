#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace postern::agent {

/// Bytes on their way into a non-blocking descriptor that does not take all of them at once. How many may
/// wait is for the owner to bound.
class PendingBytes {
 public:
  enum class Outcome {
    /// Nothing waits.
    kDone,
    /// The rest is kept until the descriptor is writable.
    kFull,
    /// The descriptor takes nothing more; all is dropped, and `error` says why.
    kBroken,
  };
  struct Result {
    Outcome outcome;
    /// Bytes that have left here, dropped ones among them.
    std::size_t gone = 0;
    int error = 0;
  };

  /// Writes what waits and then `data`, which is copied only as far as it has to wait.
  Result write(int descriptor, ByteView data = {});

  /// For a descriptor that is not there yet.
  void keep(ByteView data) { waiting_.insert(waiting_.end(), data.begin(), data.end()); }

  std::size_t size() const { return waiting_.size() - written_; }
  bool empty() const { return size() == 0; }
  /// Drops all; gives how many bytes that were.
  std::size_t clear();

 private:
  Bytes waiting_;
  /// Of those at the front.
  std::size_t written_ = 0;
};

}  // namespace postern::agent

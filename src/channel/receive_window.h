#pragma once

#include <cstddef>

namespace postern::channel {

/// What the windows of all streams may hold beyond their initial size, together. A stream that wants to grow
/// gets at most a quarter of what is left: the first ones grow to the full, and there is always something for
/// one more.
class WindowBudget {
 public:
  explicit WindowBudget(std::size_t bytes) : left_(bytes) {}
  /// Gives `wanted` bytes or less, down to 0.
  std::size_t take(std::size_t wanted);
  void give_back(std::size_t bytes) { left_ += bytes; }
  std::size_t left() const { return left_; }

 private:
  std::size_t left_;
};

/// The receiving side of one stream's flow control: what the peer may still send, what it has sent and nobody
/// has consumed yet, and how much to grant when. At any time
///
///     allowed + unconsumed + consumed but not granted again = size
///
/// so `size` bounds what a peer can make this end hold. Grants are made when half the window has been
/// consumed. A consumer that keeps up by then quadruples the window: what limits the stream is the way to the
/// peer, and a larger window fills it.
class ReceiveWindow {
 public:
  ReceiveWindow(std::size_t initial_bytes, std::size_t max_bytes, WindowBudget& budget);
  ~ReceiveWindow() { budget_.give_back(size_ - initial_); }
  ReceiveWindow(const ReceiveWindow&) = delete;
  ReceiveWindow& operator=(const ReceiveWindow&) = delete;

  /// False when the peer was not allowed to send that much.
  bool on_data(std::size_t bytes);
  /// Of what on_data() took. True when a grant has become due.
  bool consumed(std::size_t bytes);
  /// What the peer is to be granted now; it counts as allowed from here on.
  std::size_t take_grant();

  std::size_t unconsumed() const { return unconsumed_; }
  std::size_t allowed() const { return allowed_; }
  std::size_t size() const { return size_; }

 private:
  void grow();

  WindowBudget& budget_;
  std::size_t initial_;
  std::size_t max_;
  std::size_t size_;
  std::size_t allowed_;
  std::size_t unconsumed_ = 0;
  std::size_t ungranted_ = 0;
  bool grant_due_ = false;
};

}  // namespace postern::channel

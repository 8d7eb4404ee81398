#pragma once

#include <cstddef>
#include <utility>

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
  /// Whether somebody got less than wanted since the last call.
  bool take_shortage() { return std::exchange(short_, false); }

 private:
  std::size_t left_;
  bool short_ = false;
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
  ~ReceiveWindow() { budget_.give_back(extra()); }
  ReceiveWindow(const ReceiveWindow&) = delete;
  ReceiveWindow& operator=(const ReceiveWindow&) = delete;

  /// False when the peer was not allowed to send that much.
  bool on_data(std::size_t bytes);
  /// Of what on_data() took. True when a grant has become due, which is never after close().
  bool consumed(std::size_t bytes);
  /// What the peer is to be granted now; it counts as allowed from here on.
  std::size_t take_grant();
  /// The peer will not use `bytes` of what it was allowed. False when it can't have had that much beyond the
  /// initial size.
  bool returned(std::size_t bytes);
  /// The peer sends no more; only what is unconsumed still counts.
  void close();

  std::size_t unconsumed() const { return unconsumed_; }
  std::size_t allowed() const { return allowed_; }
  std::size_t size() const { return size_; }
  /// Beyond the initial size.
  std::size_t extra() const { return size_ - initial_; }

 private:
  void grow();
  void shrink(std::size_t bytes);

  WindowBudget& budget_;
  std::size_t initial_;
  std::size_t max_;
  std::size_t size_;
  std::size_t allowed_;
  std::size_t unconsumed_ = 0;
  std::size_t ungranted_ = 0;
  bool grant_due_ = false;
  bool closed_ = false;
};

}  // namespace postern::channel

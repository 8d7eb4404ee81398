#include "channel/receive_window.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace postern::channel {

std::size_t WindowBudget::take(std::size_t wanted) {
  const auto taken = std::min(wanted, left_ / 4);
  left_ -= taken;
  if (taken < wanted) short_ = true;
  return taken;
}

ReceiveWindow::ReceiveWindow(std::size_t initial_bytes, std::size_t max_bytes, WindowBudget& budget)
    : budget_(budget),
      initial_(initial_bytes),
      max_(max_bytes),
      size_(initial_bytes),
      allowed_(initial_bytes) {}

bool ReceiveWindow::on_data(std::size_t bytes) {
  if (bytes > allowed_) return false;
  allowed_ -= bytes;
  unconsumed_ += bytes;
  return true;
}

bool ReceiveWindow::consumed(std::size_t bytes) {
  POSTERN_CHECK(bytes <= unconsumed_);
  unconsumed_ -= bytes;
  if (closed_) {
    shrink(std::min(bytes, extra()));
    return false;
  }
  ungranted_ += bytes;
  if (grant_due_ || ungranted_ < size_ / 2) return false;
  if (unconsumed_ <= size_ / 4) grow();
  grant_due_ = true;
  return true;
}

void ReceiveWindow::grow() {
  const auto more = budget_.take(std::min(size_ * 3, max_ - size_));
  size_ += more;
  ungranted_ += more;
}

void ReceiveWindow::shrink(std::size_t bytes) {
  size_ -= bytes;
  budget_.give_back(bytes);
}

bool ReceiveWindow::returned(std::size_t bytes) {
  if (bytes > std::min(allowed_, extra())) return false;
  allowed_ -= bytes;
  shrink(bytes);
  return true;
}

void ReceiveWindow::close() {
  shrink(std::min(allowed_ + ungranted_, extra()));
  allowed_ = 0;
  ungranted_ = 0;
  closed_ = true;
}

std::size_t ReceiveWindow::take_grant() {
  grant_due_ = false;
  allowed_ += ungranted_;
  return std::exchange(ungranted_, 0);
}

}  // namespace postern::channel

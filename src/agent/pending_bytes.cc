#include "agent/pending_bytes.h"

#include <unistd.h>

#include <cerrno>

namespace postern::agent {
namespace {

// An empty buffer keeps at most this much room.
constexpr std::size_t kKeptRoom = 64 * 1024;

struct Written {
  std::size_t size = 0;
  /// 0, EAGAIN, or why nothing more can be written.
  int error = 0;
};

Written write_all(int descriptor, ByteView data) {
  Written written;
  while (written.size < data.size()) {
    const auto size = ::write(descriptor, data.data() + written.size, data.size() - written.size);
    if (size > 0) {
      written.size += static_cast<std::size_t>(size);
    } else if (size < 0 && errno != EINTR) {
      written.error = errno;
      break;
    }
  }
  return written;
}

}  // namespace

PendingBytes::Result PendingBytes::write(int descriptor, ByteView data) {
  Result result{Outcome::kDone};
  const auto waiting = write_all(descriptor, ByteView(waiting_).subspan(written_));
  written_ += waiting.size;
  result.gone = waiting.size;
  result.error = waiting.error;
  if (result.error == 0) {
    clear();
    const auto fresh = write_all(descriptor, data);
    data = data.subspan(fresh.size);
    result.gone += fresh.size;
    result.error = fresh.error;
  }
  if (result.error == 0) return result;
  if (result.error != EAGAIN) {
    result.gone += clear() + data.size();
    result.outcome = Outcome::kBroken;
    return result;
  }
  if (written_ > waiting_.size() / 2) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(written_));
    written_ = 0;
  }
  waiting_.insert(waiting_.end(), data.begin(), data.end());
  result.outcome = Outcome::kFull;
  return result;
}

std::size_t PendingBytes::clear() {
  const auto dropped = size();
  waiting_.clear();
  written_ = 0;
  if (waiting_.capacity() > kKeptRoom) Bytes().swap(waiting_);
  return dropped;
}

}  // namespace postern::agent

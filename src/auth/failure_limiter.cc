#include "auth/failure_limiter.h"

#include <algorithm>

#include "base/hash.h"

namespace postern::auth {
namespace {

// Of fixed size, whatever a caller sends as its key id.
std::string pair_of(std::string_view subject, std::string_view address) {
  std::string text(subject);
  text += '\0';
  text += address;
  const auto hash = sha256(text);
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

FailureLimiter::FailureLimiter(const Clock& clock, Limit limit, std::size_t max_pairs)
    : clock_(clock), limit_(limit), max_pairs_(max_pairs) {}

FailureLimiter::Buckets::iterator* FailureLimiter::find(const std::string& pair) {
  const auto found = by_pair_.find(pair);
  return found == by_pair_.end() ? nullptr : &found->second;
}

bool FailureLimiter::allows(std::string_view subject, std::string_view address) {
  const auto pair = pair_of(subject, address);
  const std::scoped_lock lock(mutex_);
  const auto* bucket = find(pair);
  if (bucket == nullptr) return true;
  return (*bucket)->full_at - clock_.now() <= (limit_.burst - 1) * limit_.refill;
}

void FailureLimiter::failed(std::string_view subject, std::string_view address) {
  const auto pair = pair_of(subject, address);
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.now();
  if (const auto* bucket = find(pair)) {
    // Failures while it is empty don't make it emptier: the wait is the same for the stubborn.
    const auto empty = now + limit_.burst * limit_.refill;
    (*bucket)->full_at = std::min<Timestamp>(std::max((*bucket)->full_at, now) + limit_.refill, empty);
    buckets_.splice(buckets_.begin(), buckets_, *bucket);
    return;
  }
  if (buckets_.size() == max_pairs_) {
    by_pair_.erase(buckets_.back().pair);
    buckets_.pop_back();
  }
  buckets_.push_front({pair, now + limit_.refill});
  by_pair_.emplace(buckets_.front().pair, buckets_.begin());
}

void FailureLimiter::succeeded(std::string_view subject, std::string_view address) {
  const auto pair = pair_of(subject, address);
  const std::scoped_lock lock(mutex_);
  const auto found = by_pair_.find(pair);
  if (found == by_pair_.end()) return;
  const auto bucket = found->second;
  by_pair_.erase(found);
  buckets_.erase(bucket);
}

std::size_t FailureLimiter::size() const {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

}  // namespace postern::auth

#include "auth/failure_limiter.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

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

class FailureLimiter::Buckets {
 public:
  Buckets(const Clock& clock, Limit limit, std::size_t max_pairs)
      : clock_(clock), limit_(limit), max_pairs_(max_pairs) {}

  bool allows(const std::string& pair) const {
    const std::scoped_lock lock(mutex_);
    return has_room(pair);
  }

  void take(const std::string& pair) {
    const std::scoped_lock lock(mutex_);
    take_locked(pair);
  }

  /// False, and nothing is taken, while it is empty.
  bool try_take(const std::string& pair) {
    const std::scoped_lock lock(mutex_);
    if (!has_room(pair)) return false;
    take_locked(pair);
    return true;
  }

  void give_back(const std::string& pair) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_pair_.find(pair);
    if (found == by_pair_.end()) return;
    found->second->full_at -= limit_.refill;
    if (found->second->full_at <= clock_.now()) erase(found);
  }

  void forget(const std::string& pair) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_pair_.find(pair);
    if (found != by_pair_.end()) erase(found);
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return buckets_.size();
  }

 private:
  struct Bucket {
    std::string pair;
    /// When it is full again; the further ahead, the emptier it is now.
    Timestamp full_at;
  };
  using ByPair = std::unordered_map<std::string_view, std::list<Bucket>::iterator>;

  bool has_room(const std::string& pair) const {
    const auto found = by_pair_.find(pair);
    if (found == by_pair_.end()) return true;
    return found->second->full_at - clock_.now() <= (limit_.burst - 1) * limit_.refill;
  }

  void take_locked(const std::string& pair) {
    const auto now = clock_.now();
    if (const auto found = by_pair_.find(pair); found != by_pair_.end()) {
      const auto bucket = found->second;
      // Failures while it is empty don't make it emptier: the wait is the same for the stubborn.
      const auto empty = now + limit_.burst * limit_.refill;
      bucket->full_at = std::min<Timestamp>(std::max(bucket->full_at, now) + limit_.refill, empty);
      buckets_.splice(buckets_.begin(), buckets_, bucket);
      return;
    }
    if (buckets_.size() == max_pairs_) {
      by_pair_.erase(buckets_.back().pair);
      buckets_.pop_back();
    }
    buckets_.push_front({pair, now + limit_.refill});
    by_pair_.emplace(buckets_.front().pair, buckets_.begin());
  }

  void erase(ByPair::iterator found) {
    const auto bucket = found->second;
    by_pair_.erase(found);
    buckets_.erase(bucket);
  }

  const Clock& clock_;
  const Limit limit_;
  const std::size_t max_pairs_;
  mutable std::mutex mutex_;
  // The last that failed first.
  std::list<Bucket> buckets_;
  ByPair by_pair_;
};

FailureLimiter::Guess::Guess(std::shared_ptr<Buckets> buckets, std::string pair)
    : buckets_(std::move(buckets)), pair_(std::move(pair)) {}

FailureLimiter::Guess::~Guess() {
  if (buckets_) buckets_->give_back(pair_);
}

void FailureLimiter::Guess::wrong() {
  buckets_.reset();
}

void FailureLimiter::Guess::right() {
  if (const auto buckets = std::exchange(buckets_, nullptr)) buckets->forget(pair_);
}

FailureLimiter::FailureLimiter(const Clock& clock, Limit limit, std::size_t max_pairs)
    : buckets_(std::make_shared<Buckets>(clock, limit, max_pairs)) {}

std::optional<FailureLimiter::Guess> FailureLimiter::guess(std::string_view subject,
                                                           std::string_view address) {
  auto pair = pair_of(subject, address);
  if (!buckets_->try_take(pair)) return std::nullopt;
  return Guess(buckets_, std::move(pair));
}

bool FailureLimiter::allows(std::string_view subject, std::string_view address) const {
  return buckets_->allows(pair_of(subject, address));
}

void FailureLimiter::failed(std::string_view subject, std::string_view address) {
  buckets_->take(pair_of(subject, address));
}

std::size_t FailureLimiter::size() const {
  return buckets_->size();
}

}  // namespace postern::auth

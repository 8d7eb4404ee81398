#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace postern::auth {

/// Counts failed proofs (signatures, passwords, MFA codes) of a subject from an address: a bucket that each
/// failure takes from and time fills again. Whoever guesses runs dry alone: the same subject from another
/// address has a bucket of its own, so nobody can lock another out by failing on purpose.
///
/// Memory is bounded: of more pairs than kMaxPairs the ones that failed longest ago are forgotten.
/// Thread-safe.
class FailureLimiter {
 public:
  struct Limit {
    /// Failures in a row before the first refusal.
    unsigned burst = 20;
    /// Until one more is allowed.
    std::chrono::milliseconds refill{3'000};
  };
  /// About 200 bytes each.
  static constexpr std::size_t kMaxPairs = 50'000;

  FailureLimiter(const Clock& clock, Limit limit, std::size_t max_pairs = kMaxPairs);

  /// False while the bucket is empty.
  bool allows(std::string_view subject, std::string_view address);
  void failed(std::string_view subject, std::string_view address);
  /// A success forgets the failures before it.
  void succeeded(std::string_view subject, std::string_view address);
  /// How many pairs have failed lately.
  std::size_t size() const;

 private:
  struct Bucket {
    std::string pair;
    /// When it is full again; the further ahead, the emptier it is now.
    Timestamp full_at;
  };
  using Buckets = std::list<Bucket>;

  Buckets::iterator* find(const std::string& pair);

  const Clock& clock_;
  const Limit limit_;
  const std::size_t max_pairs_;
  mutable std::mutex mutex_;
  // The last that failed first.
  Buckets buckets_;
  std::unordered_map<std::string_view, Buckets::iterator> by_pair_;
};

}  // namespace postern::auth

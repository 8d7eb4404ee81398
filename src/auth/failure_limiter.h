#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::auth {

/// Counts failed proofs (signatures, passwords, MFA codes) of a subject from an address: a bucket that each
/// failure takes from and time fills again. Whoever guesses runs dry alone: the same subject from another
/// address has a bucket of its own, so nobody can lock another out by failing on purpose.
///
/// Memory is bounded: of more pairs than kMaxPairs the ones that failed longest ago are forgotten.
/// Thread-safe.
class FailureLimiter {
  class Buckets;

 public:
  struct Limit {
    /// Failures in a row before the first refusal.
    unsigned burst = 20;
    /// Until one more is allowed.
    std::chrono::milliseconds refill{3'000};
  };
  /// About 200 bytes each.
  static constexpr std::size_t kMaxPairs = 50'000;

  /// A proof that is being verified. It counts as failed from the start, so that many at the same time are no
  /// more than one after the other; unless it was wrong(), it gives back what it took when it goes: then it
  /// was right, or could not be verified. May outlive the limiter.
  class Guess {
   public:
    Guess(Guess&&) noexcept = default;
    Guess& operator=(Guess&&) = delete;
    ~Guess();

    /// It stays counted.
    void wrong();
    /// A success forgets the failures before it.
    void right();

   private:
    friend FailureLimiter;
    Guess(std::shared_ptr<Buckets> buckets, std::string pair);

    /// Null once it is decided.
    std::shared_ptr<Buckets> buckets_;
    std::string pair_;
  };

  /// `clock` must outlive the limiter and its guesses.
  FailureLimiter(const Clock& clock, Limit limit, std::size_t max_pairs = kMaxPairs);
  FailureLimiter(const FailureLimiter&) = delete;
  FailureLimiter& operator=(const FailureLimiter&) = delete;

  /// To be asked before a proof is verified. Nothing while the bucket is empty.
  std::optional<Guess> guess(std::string_view subject, std::string_view address);

  /// False while the bucket is empty. For proofs that are verified whatever it says: it takes nothing, so it
  /// stops nobody between the question and failed().
  bool allows(std::string_view subject, std::string_view address) const;
  void failed(std::string_view subject, std::string_view address);
  /// How many pairs have failed lately.
  std::size_t size() const;

 private:
  // Shared with the guesses: a coroutine that is destroyed when all ends may be the last.
  std::shared_ptr<Buckets> buckets_;
};

}  // namespace postern::auth

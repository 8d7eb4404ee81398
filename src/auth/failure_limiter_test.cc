#include "auth/failure_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace postern::auth {
namespace {

using std::chrono::seconds;

class SetClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = from_unix_micros(1'795'000'000'000'000);
};

struct FailureLimiterTest : ::testing::Test {
  SetClock clock;
  FailureLimiter limiter{clock, {.burst = 3, .refill = seconds(10)}, 4};

  void fail(int times, std::string_view subject = "key", std::string_view address = "192.0.2.1") {
    for (int i = 0; i < times; ++i) limiter.failed(subject, address);
  }
};

TEST_F(FailureLimiterTest, RefusesAfterTheBurstAndAllowsOneAgainLater) {
  fail(2);
  EXPECT_TRUE(limiter.allows("key", "192.0.2.1"));
  fail(1);
  EXPECT_FALSE(limiter.allows("key", "192.0.2.1"));
  clock.time += seconds(9);
  EXPECT_FALSE(limiter.allows("key", "192.0.2.1"));
  clock.time += seconds(1);
  EXPECT_TRUE(limiter.allows("key", "192.0.2.1"));
  fail(1);
  EXPECT_FALSE(limiter.allows("key", "192.0.2.1"));
}

TEST_F(FailureLimiterTest, OthersAreNotLockedOut) {
  fail(100);
  EXPECT_FALSE(limiter.allows("key", "192.0.2.1"));
  EXPECT_TRUE(limiter.allows("key", "192.0.2.2"));
  EXPECT_TRUE(limiter.allows("another", "192.0.2.1"));
  // A hundred failures cost no more than the burst.
  clock.time += seconds(10);
  EXPECT_TRUE(limiter.allows("key", "192.0.2.1"));
}

TEST_F(FailureLimiterTest, ASuccessForgets) {
  fail(2);
  if (auto guess = limiter.guess("key", "192.0.2.1")) guess->right();
  EXPECT_TRUE(limiter.allows("key", "192.0.2.1"));
  EXPECT_EQ(limiter.size(), 0U);
}

TEST_F(FailureLimiterTest, AGuessCountsBeforeItIsKnownToBeWrong) {
  auto first = limiter.guess("key", "192.0.2.1");
  auto second = limiter.guess("key", "192.0.2.1");
  auto third = limiter.guess("key", "192.0.2.1");
  ASSERT_TRUE(first && second && third);
  EXPECT_FALSE(limiter.guess("key", "192.0.2.1"));
  EXPECT_TRUE(limiter.guess("key", "192.0.2.2"));
  for (auto* guess : {&first, &second, &third}) {
    (*guess)->wrong();
    guess->reset();
  }
  EXPECT_FALSE(limiter.guess("key", "192.0.2.1"));
  clock.time += seconds(10);
  EXPECT_TRUE(limiter.guess("key", "192.0.2.1"));
}

TEST_F(FailureLimiterTest, AGuessThatWasNotWrongIsGivenBack) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.guess("key", "192.0.2.1"));
  EXPECT_EQ(limiter.size(), 0U);
  fail(2);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.guess("key", "192.0.2.1"));
  fail(1);
  EXPECT_FALSE(limiter.guess("key", "192.0.2.1")) << "the failures before it stay";
}

TEST_F(FailureLimiterTest, GuessesOfThreadsAreNoMore) {
  std::atomic<int> allowed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        auto guess = limiter.guess("key", "192.0.2.1");
        if (!guess) return;
        ++allowed;
        guess->wrong();
      });
    }
  }
  EXPECT_EQ(allowed, 3);
}

TEST_F(FailureLimiterTest, AGuessMayOutliveTheLimiter) {
  auto gone = std::make_unique<FailureLimiter>(clock, FailureLimiter::Limit{});
  const auto guess = gone->guess("key", "192.0.2.1");
  gone.reset();
  EXPECT_TRUE(guess);
}

TEST_F(FailureLimiterTest, MemoryIsBoundedAndTheOldestGoes) {
  fail(3, "first");
  fail(3, "second");
  for (const auto* other : {"a", "b", "c"}) fail(1, other);
  EXPECT_EQ(limiter.size(), 4U);
  EXPECT_TRUE(limiter.allows("first", "192.0.2.1"));
  EXPECT_FALSE(limiter.allows("second", "192.0.2.1"));
}

TEST_F(FailureLimiterTest, SubjectAndAddressDontRunTogether) {
  fail(3, "ab", "c");
  EXPECT_TRUE(limiter.allows("a", "bc"));
}

}  // namespace
}  // namespace postern::auth

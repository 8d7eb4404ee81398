#include "auth/failure_limiter.h"

#include <gtest/gtest.h>

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
  fail(3);
  limiter.succeeded("key", "192.0.2.1");
  EXPECT_TRUE(limiter.allows("key", "192.0.2.1"));
  EXPECT_EQ(limiter.size(), 0U);
  limiter.succeeded("nobody", "192.0.2.1");
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

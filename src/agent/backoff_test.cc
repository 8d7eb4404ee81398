#include "agent/backoff.h"

#include <gtest/gtest.h>

namespace postern::agent {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, TriesAtOnceThenWithinADoublingLimit) {
  double unit = 0.5;
  Backoff backoff([&] { return unit; });
  for (const int expected : {0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000}) {
    EXPECT_EQ(backoff.next(), milliseconds(expected));
  }
  backoff.on_connection_lost(std::chrono::seconds(9));
  EXPECT_EQ(backoff.next(), milliseconds(30000)) << "a peer that accepts and drops is not a success";
  backoff.on_connection_lost(std::chrono::seconds(10));
  EXPECT_EQ(backoff.next(), milliseconds(0));
  unit = 0;
  EXPECT_EQ(backoff.next(), milliseconds(0)) << "the whole range is used";
}

TEST(Backoff, NeverExceedsAMinute) {
  Backoff backoff([] { return 0.999999; });
  for (int i = 0; i < 1000; ++i) EXPECT_LT(backoff.next(), milliseconds(60'000)) << i;
}

TEST(Backoff, CanBeHeldShort) {
  Backoff backoff([] { return 0.5; });
  for (int i = 0; i < 10; ++i) backoff.next();
  EXPECT_EQ(backoff.next(milliseconds(4000)), milliseconds(2000));
}

TEST(RandomUnit, StaysInItsRange) {
  for (int i = 0; i < 1000; ++i) {
    const auto value = random_unit();
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
  }
}

}  // namespace
}  // namespace postern::agent

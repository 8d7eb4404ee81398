#include "gateway/acknowledged_output.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

namespace postern::gateway {
namespace {

TEST(AcknowledgedOutput, RemembersAnyOrder) {
  std::mt19937 random(3);
  AcknowledgedOutput output;
  std::set<std::int64_t> expected;
  for (int i = 0; i < 300; ++i) {
    const auto number = static_cast<std::int64_t>(random() % 400);
    output.add(number);
    expected.insert(number);
  }
  for (std::int64_t number = 0; number < 400; ++number) {
    EXPECT_EQ(output.contains(number), expected.contains(number)) << number;
  }
}

TEST(AcknowledgedOutput, AStreamInOrderIsOneRange) {
  AcknowledgedOutput output;
  for (std::int64_t number = 1000; number < 100'000; ++number) output.add(number);
  EXPECT_EQ(output.ranges(), 1U);
  EXPECT_FALSE(output.contains(999));
  EXPECT_TRUE(output.contains(1000));
  EXPECT_TRUE(output.contains(99'999));
  EXPECT_FALSE(output.contains(100'000));
}

TEST(AcknowledgedOutput, IsBoundedWhateverIsAcknowledged) {
  AcknowledgedOutput output;
  for (std::int64_t number = 0; number < 100'000; number += 2) output.add(number);
  EXPECT_EQ(output.ranges(), AcknowledgedOutput::kMaxRanges);
  EXPECT_TRUE(output.contains(99'998));
  EXPECT_FALSE(output.contains(0));
}

TEST(AcknowledgedOutput, TakesTheLargestNumber) {
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  AcknowledgedOutput output;
  output.add(kLargest);
  output.add(kLargest - 1);
  output.add(0);
  EXPECT_TRUE(output.contains(kLargest));
  EXPECT_TRUE(output.contains(0));
  EXPECT_EQ(output.ranges(), 2U);
}

}  // namespace
}  // namespace postern::gateway

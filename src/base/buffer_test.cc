#include "base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postern {
namespace {

TEST(Buffer, ShrinksAndGrowsWithinItsCapacity) {
  Buffer buffer(10);
  EXPECT_EQ(buffer.size(), 10U);
  std::ranges::fill(buffer.bytes(), std::uint8_t{7});
  buffer.resize(3);
  EXPECT_EQ(buffer.bytes().size(), 3U);
  buffer.resize(10);
  EXPECT_EQ(buffer.bytes()[9], 7);
  EXPECT_DEATH(buffer.resize(11), "capacity_");
}

TEST(Buffer, IsEmptyOnceMovedFrom) {
  Buffer buffer(10);
  const auto* bytes = buffer.bytes().data();
  Buffer other(std::move(buffer));
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(other.bytes().data(), bytes);
  Buffer third;
  third = std::move(other);
  EXPECT_EQ(other.capacity(), 0U);
  EXPECT_EQ(third.bytes().data(), bytes);
}

TEST(BufferPool, GivesOutAgainWhatCameBackWithItsWholeSize) {
  BufferPool pool(100);
  auto buffer = pool.take(40);
  const auto* bytes = buffer.bytes().data();
  buffer.resize(1);
  pool.give_back(std::move(buffer));
  const auto again = pool.take(40);
  EXPECT_EQ(again.bytes().data(), bytes);
  EXPECT_EQ(again.size(), 40U);
}

TEST(BufferPool, KeepsNoMoreThanItMayAndNothingOfAnotherCapacity) {
  BufferPool pool(100);
  Buffer buffers[] = {pool.take(40), pool.take(40), pool.take(40)};
  for (auto& buffer : buffers) pool.give_back(std::move(buffer));
  EXPECT_EQ(pool.free_bytes(), 80U);
  pool.give_back(Buffer(30));
  pool.give_back(Buffer());
  EXPECT_EQ(pool.free_bytes(), 80U);
  pool.shrink(79);
  EXPECT_EQ(pool.free_bytes(), 40U);
  (void)pool.take(30);
  EXPECT_EQ(pool.free_bytes(), 0U);
}

}  // namespace
}  // namespace postern

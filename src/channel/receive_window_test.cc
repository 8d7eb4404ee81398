#include "channel/receive_window.h"

#include <gtest/gtest.h>

namespace postern::channel {
namespace {

constexpr std::size_t kInitial = 1000;
constexpr std::size_t kMax = 10'000;

TEST(ReceiveWindow, TakesNoMoreThanWasAllowed) {
  WindowBudget budget(0);
  ReceiveWindow window(kInitial, kMax, budget);
  EXPECT_TRUE(window.on_data(kInitial));
  EXPECT_FALSE(window.on_data(1));
  EXPECT_EQ(window.unconsumed(), kInitial);
}

TEST(ReceiveWindow, GrantsWhenHalfIsConsumed) {
  WindowBudget budget(0);
  ReceiveWindow window(kInitial, kMax, budget);
  EXPECT_TRUE(window.on_data(900));
  EXPECT_FALSE(window.consumed(499));
  EXPECT_TRUE(window.consumed(1));
  EXPECT_FALSE(window.consumed(100)) << "one is due already";
  EXPECT_EQ(window.take_grant(), 600U);
  EXPECT_EQ(window.allowed() + window.unconsumed(), kInitial);
}

TEST(ReceiveWindow, GrowsWhenItsConsumerKeepsUp) {
  WindowBudget budget(1'000'000);
  ReceiveWindow window(kInitial, kMax, budget);
  EXPECT_TRUE(window.on_data(500));
  EXPECT_TRUE(window.consumed(500));
  EXPECT_EQ(window.size(), 4 * kInitial);
  EXPECT_EQ(window.take_grant(), 500 + 3 * kInitial);
  EXPECT_TRUE(window.on_data(4 * kInitial));
  EXPECT_TRUE(window.consumed(2 * kInitial));
  EXPECT_EQ(window.size(), 4 * kInitial) << "half of it lies about";
}

TEST(ReceiveWindow, GrowsToItsLargestSizeOnly) {
  WindowBudget budget(1'000'000);
  ReceiveWindow window(kInitial, kMax, budget);
  for (int i = 0; i < 10; ++i) {
    const auto allowed = window.allowed();
    EXPECT_TRUE(window.on_data(allowed));
    window.consumed(allowed);
    (void)window.take_grant();
    EXPECT_EQ(window.allowed(), window.size());
  }
  EXPECT_EQ(window.size(), kMax);
}

TEST(ReceiveWindow, SharesABudgetAndGivesItBack) {
  WindowBudget budget(8000);
  {
    ReceiveWindow window(kInitial, kMax, budget);
    EXPECT_TRUE(window.on_data(kInitial));
    EXPECT_TRUE(window.consumed(kInitial));
    EXPECT_EQ(window.size(), kInitial + 2000) << "a quarter of what is left";
    EXPECT_EQ(budget.left(), 6000U);
  }
  EXPECT_EQ(budget.left(), 8000U);
}

TEST(ReceiveWindow, ShrinksByWhatIsReturned) {
  WindowBudget budget(1'000'000);
  ReceiveWindow window(kInitial, kMax, budget);
  EXPECT_TRUE(window.on_data(kInitial));
  EXPECT_TRUE(window.consumed(kInitial));
  (void)window.take_grant();
  EXPECT_FALSE(window.returned(3 * kInitial + 1)) << "the initial size stays";
  EXPECT_TRUE(window.on_data(kInitial));
  EXPECT_TRUE(window.returned(2 * kInitial));
  EXPECT_EQ(window.allowed(), kInitial);
  EXPECT_EQ(window.size(), 2 * kInitial);
  EXPECT_EQ(budget.left(), 1'000'000 - kInitial);
  EXPECT_FALSE(window.returned(kInitial + 1)) << "more than is allowed";
}

TEST(ReceiveWindow, AClosedOneHoldsOnlyWhatIsUnconsumed) {
  WindowBudget budget(1'000'000);
  ReceiveWindow window(kInitial, kMax, budget);
  EXPECT_TRUE(window.on_data(kInitial));
  EXPECT_TRUE(window.consumed(kInitial));
  (void)window.take_grant();
  EXPECT_TRUE(window.on_data(3 * kInitial));
  window.close();
  EXPECT_FALSE(window.on_data(1));
  EXPECT_EQ(budget.left(), 1'000'000 - 2 * kInitial);
  EXPECT_FALSE(window.consumed(3 * kInitial));
  EXPECT_EQ(budget.left(), 1'000'000U);
}

}  // namespace
}  // namespace postern::channel

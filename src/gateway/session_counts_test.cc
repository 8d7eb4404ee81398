#include "gateway/session_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace postern::gateway {
namespace {

using Place = SessionCounts::Place;

std::string refusal(SessionCounts& counts, const std::string& node, const std::string& user) {
  const auto place = counts.take(node, user);
  return place ? "accepted" : place.error();
}

// control-plane.md section 9.
TEST(SessionCounts, ControlPlaneTrap45_ANodeHasItsLimit) {
  SessionCounts counts({.per_node = 2, .per_user = 10, .total = 10});
  const auto first = counts.take("mi-1", "alice");
  auto second = counts.take("mi-1", "bob");
  ASSERT_TRUE(first && second);
  const auto text = refusal(counts, "mi-1", "carol");
  EXPECT_NE(text.find("mi-1 has 2 sessions"), std::string::npos) << text;
  EXPECT_NE(text.find("limits.sessions_per_node"), std::string::npos) << text;
  EXPECT_EQ(refusal(counts, "mi-2", "carol"), "accepted");
  *second = Place();
  EXPECT_EQ(refusal(counts, "mi-1", "carol"), "accepted") << "a session that ends leaves its place";
}

TEST(SessionCounts, DefaultIsBelowWhatDeafensAnOfficialAgent) {
  EXPECT_LT(SessionLimits{}.per_node, 1000U);
}

TEST(SessionCounts, AUserHasItsLimitOverAllNodes) {
  SessionCounts counts({.per_node = 10, .per_user = 2, .total = 10});
  const auto first = counts.take("mi-1", "alice");
  const auto second = counts.take("mi-2", "alice");
  const auto text = refusal(counts, "mi-3", "alice");
  EXPECT_NE(text.find("You have 2 sessions"), std::string::npos) << text;
  EXPECT_NE(text.find("limits.sessions_per_user"), std::string::npos) << text;
  EXPECT_EQ(refusal(counts, "mi-3", "bob"), "accepted");
}

TEST(SessionCounts, TheServiceHasItsLimit) {
  SessionCounts counts({.per_node = 10, .per_user = 10, .total = 1});
  const auto first = counts.take("mi-1", "alice");
  const auto text = refusal(counts, "mi-2", "bob");
  EXPECT_NE(text.find("The service has 1 sessions"), std::string::npos) << text;
  EXPECT_NE(text.find("limits.sessions"), std::string::npos) << text;
}

TEST(SessionCounts, SessionsOfBeforeARestartCountButAreNotRefused) {
  SessionCounts counts({.per_node = 1, .per_user = 1, .total = 1});
  const auto first = counts.take_anyway("mi-1", "alice");
  const auto second = counts.take_anyway("mi-1", "alice");
  EXPECT_NE(refusal(counts, "mi-1", "alice"), "accepted");
}

TEST(SessionCounts, APlaceMayOutliveTheCounts) {
  auto counts = std::make_unique<SessionCounts>(SessionLimits{});
  const auto place = counts->take("mi-1", "alice");
  counts.reset();
  EXPECT_TRUE(place);
}

TEST(SessionCounts, ManyAtOncePassNoLimitTogether) {
  SessionCounts counts({.per_node = 100, .per_user = 1000, .total = 1000});
  std::vector<std::vector<Place>> taken(8);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&counts, &mine] {
        for (int i = 0; i < 50; ++i) {
          if (auto place = counts.take("mi-1", "alice")) mine.push_back(std::move(*place));
        }
      });
    }
  }
  std::size_t total = 0;
  for (const auto& mine : taken) total += mine.size();
  EXPECT_EQ(total, 100U);
}

}  // namespace
}  // namespace postern::gateway

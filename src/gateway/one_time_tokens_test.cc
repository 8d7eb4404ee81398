#include "gateway/one_time_tokens.h"

#include <gtest/gtest.h>

namespace postern::gateway {
namespace {

using Instant = OneTimeTokens::Instant;
constexpr Instant kStart{};

TEST(OneTimeTokens, AreGoodOnceForTheirKey) {
  OneTimeTokens tokens;
  const auto token = tokens.issue("mi-1", kStart);
  EXPECT_FALSE(tokens.redeem("mi-2", token, kStart));
  EXPECT_FALSE(tokens.redeem("mi-1", token + "x", kStart));
  EXPECT_TRUE(tokens.redeem("mi-1", token, kStart));
  EXPECT_FALSE(tokens.redeem("mi-1", token, kStart));
  EXPECT_EQ(tokens.size(), 0U);
}

TEST(OneTimeTokens, Expire) {
  OneTimeTokens tokens;
  const auto token = tokens.issue("mi-1", kStart);
  EXPECT_FALSE(tokens.redeem("mi-1", token, kStart + OneTimeTokens::kLifetime));
  tokens.sweep(kStart + OneTimeTokens::kLifetime);
  EXPECT_EQ(tokens.size(), 0U);
}

TEST(OneTimeTokens, KeepOnlyTheNewestOfAKey) {
  OneTimeTokens tokens;
  const auto first = tokens.issue("mi-1", kStart);
  std::string last;
  for (std::size_t i = 0; i < OneTimeTokens::kPerKey; ++i) last = tokens.issue("mi-1", kStart);
  EXPECT_EQ(tokens.size(), OneTimeTokens::kPerKey);
  EXPECT_FALSE(tokens.redeem("mi-1", first, kStart));
  EXPECT_TRUE(tokens.redeem("mi-1", last, kStart));
}

}  // namespace
}  // namespace postern::gateway

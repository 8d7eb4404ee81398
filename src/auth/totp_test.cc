#include "auth/totp.h"

#include <gtest/gtest.h>

namespace postern::auth {
namespace {

using std::chrono::seconds;

Timestamp at(std::int64_t unix_seconds) {
  return Timestamp(seconds(unix_seconds));
}

// RFC 6238's seed for SHA-1.
const Secret kSeed("12345678901234567890");

// RFC 6238, appendix B, the rows for SHA-1; six of the eight digits.
TEST(Totp, MatchesTheVectorsOfTheRfc) {
  const std::pair<std::int64_t, const char*> vectors[] = {
      {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
      {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
  };
  for (const auto& [time, code] : vectors) EXPECT_EQ(totp_code(kSeed, totp_step(at(time))), code) << time;
}

// RFC 4226, appendix D: the counters from 0.
TEST(Totp, MatchesTheVectorsOfHotp) {
  const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                         "254676", "287922", "162583", "399871", "520489"};
  for (std::int64_t step = 0; step < 10; ++step) EXPECT_EQ(totp_code(kSeed, step), codes[step]);
}

TEST(Totp, TakesOneStepBeforeAndAfter) {
  const auto now = at(1'234'567'890);
  const auto current = totp_step(now);
  for (std::int64_t off = -3; off <= 3; ++off) {
    const auto matched = match_totp(kSeed, totp_code(kSeed, current + off), now, 0);
    EXPECT_EQ(matched.has_value(), off >= -1 && off <= 1) << off;
    if (matched) EXPECT_EQ(*matched, current + off);
  }
}

TEST(Totp, ACodeCountsOnceAndNoneBeforeItAfterwards) {
  const auto now = at(1'234'567'890);
  const auto current = totp_step(now);
  const auto code = totp_code(kSeed, current);
  EXPECT_EQ(match_totp(kSeed, code, now, current - 1), current);
  EXPECT_FALSE(match_totp(kSeed, code, now, current));
  EXPECT_FALSE(match_totp(kSeed, totp_code(kSeed, current - 1), now, current));
  EXPECT_TRUE(match_totp(kSeed, totp_code(kSeed, current + 1), now, current));
}

TEST(Totp, RefusesWhatIsNoCode) {
  const auto now = at(59);
  for (const auto* code : {"", "28708", "2870820", "94287082", "28708a", " 287082"})
    EXPECT_FALSE(match_totp(kSeed, code, now, 0)) << code;
}

TEST(Totp, APairMustFollowEachOther) {
  const auto now = at(1'234'567'890);
  const auto current = totp_step(now);
  const auto code = [&](std::int64_t off) { return totp_code(kSeed, current + off); };
  EXPECT_EQ(match_totp_pair(kSeed, code(-1), code(0), now, 2), current);
  EXPECT_EQ(match_totp_pair(kSeed, code(-3), code(-2), now, 2), current - 2);
  EXPECT_FALSE(match_totp_pair(kSeed, code(-4), code(-3), now, 2));
  EXPECT_FALSE(match_totp_pair(kSeed, code(0), code(-1), now, 2));
  EXPECT_FALSE(match_totp_pair(kSeed, code(0), code(0), now, 2));
  EXPECT_FALSE(match_totp_pair(kSeed, code(-2), code(0), now, 2));
}

TEST(Totp, SeedsAreLongAndDiffer) {
  const auto seed = make_totp_seed();
  EXPECT_EQ(totp_seed_text(seed).reveal().size(), 64U);
  EXPECT_NE(seed.reveal(), make_totp_seed().reveal());
}

TEST(Totp, TheUriEscapesNames) {
  EXPECT_EQ(totp_uri("Postern", "alice & co@123456789012", Secret("foo")).reveal(),
            "otpauth://totp/Postern:alice%20%26%20co%40123456789012?secret=MZXW6&issuer=Postern");
}

}  // namespace
}  // namespace postern::auth

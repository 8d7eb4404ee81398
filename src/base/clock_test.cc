#include "base/clock.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(Iso8601, WritesAndReads) {
  const auto time = from_unix_micros(1'729'591'872'345'678);
  EXPECT_EQ(to_iso8601(time), "2024-10-22T10:11:12Z");
  EXPECT_EQ(to_iso8601(time, IsoFraction::kMilliseconds), "2024-10-22T10:11:12.345Z");
  EXPECT_EQ(from_iso8601("2024-10-22T10:11:12.345678Z"), time);
  EXPECT_EQ(from_iso8601("2024-10-22T12:11:12.345678+02:00"), time);
  EXPECT_EQ(from_iso8601("2024-10-22"), from_unix_micros(1'729'555'200'000'000));
}

TEST(Iso8601, RefusesWhatIsNoTime) {
  for (const auto* text : {"", "2024", "2024-13-01", "2024-02-30T00:00:00Z", "2024-10-22T10:11:12",
                           "2024-10-22T25:00:00Z", "2024-10-22T10:11:12Zx", "2024-10-22T10:11:12.Z"}) {
    EXPECT_FALSE(from_iso8601(text)) << text;
  }
}

TEST(AmzDate, WritesAndReads) {
  const auto time = from_unix_micros(1'729'591'872'000'000);
  EXPECT_EQ(to_amz_date(time), "20241022T101112Z");
  EXPECT_EQ(from_amz_date("20241022T101112Z"), time);
  for (const auto* text :
       {"", "20241022", "20241022T101112", "20241022t101112Z", "20241032T101112Z", "20241022T101112ZZ"}) {
    EXPECT_FALSE(from_amz_date(text)) << text;
  }
}

}  // namespace
}  // namespace postern

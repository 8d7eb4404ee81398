#include "client/files/progress_line.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

using std::chrono::seconds;

TEST(HumanBytes, KeepsThreeDigits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "0.98 KiB");
  EXPECT_EQ(human_bytes(1536), "1.50 KiB");
  EXPECT_EQ(human_bytes(100ULL << 20), "100 MiB");
  EXPECT_EQ(human_bytes(15ULL << 30), "15.0 GiB");
  EXPECT_EQ(human_bytes(5000ULL << 40), "5000 TiB");
}

TEST(ProgressLine, SaysHowFarHowFastAndHowLong) {
  copy::Progress progress;
  progress.total_bytes = 100ULL << 20;
  progress.bytes = 50ULL << 20;
  progress.current = "logs/app.log";
  EXPECT_EQ(progress_line(progress, seconds(5), 100),
            "logs/app.log [==========          ]  50%  50.0 MiB of 100 MiB  10.0 MiB/s  0:05 left");
}

TEST(ProgressLine, FitsAnyWidthAndShowsTheEndOfAPath) {
  copy::Progress progress;
  progress.total_bytes = 10;
  progress.current = std::string(200, 'd') + "/the-name";
  for (const std::size_t width : {0U, 1U, 20U, 80U, 120U}) {
    EXPECT_LE(progress_line(progress, seconds(0), width).size(), width);
  }
  EXPECT_NE(progress_line(progress, seconds(0), 120).find("...ddd"), std::string::npos);
  EXPECT_NE(progress_line(progress, seconds(0), 120).find("/the-name ["), std::string::npos);
}

TEST(ProgressLine, CountsOnlyWhatWasCopiedNowForTheSpeed) {
  copy::Progress progress;
  progress.total_bytes = progress.bytes = 3ULL << 20;
  progress.resumed_bytes = 2ULL << 20;
  progress.files = 1;
  EXPECT_EQ(copy_summary(progress, seconds(1)),
            "1 file, 3.00 MiB in 0:01, 1.00 MiB/s, SHA-256 verified; 2.00 MiB were there already");
}

TEST(ProgressLine, IsHarmlessToTheTerminal) {
  copy::Progress progress;
  progress.current = "\x1b]0;evil\x07";
  EXPECT_EQ(progress_line(progress, seconds(1), 100).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace postern::client

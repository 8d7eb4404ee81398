#include "base/log.h"

#include <gtest/gtest.h>

namespace postern::log {
namespace {

TEST(Log, QuotesWhatCouldForgeALine) {
  EXPECT_EQ(format_text("session_started", {{"id", "alice-1"}, {"bytes", 7}}),
            "session_started id=alice-1 bytes=7");
  EXPECT_EQ(format_text("x", {{"name", "a\nb \x1b[2J\"q\""}}), R"(x name="a\nb \x1b[2J\"q\"")");
  EXPECT_EQ(format_text("x", {{"name", ""}}), R"(x name="")");
}

TEST(Log, WritesValidJson) {
  EXPECT_EQ(format_json("info", "T", "x", {{"name", "a\n\""}, {"n", 3}}),
            R"({"time":"T","level":"info","event":"x","name":"a\n\"","n":3})");
}

}  // namespace
}  // namespace postern::log

#include "gateway/time_limits.h"

#include <gtest/gtest.h>

#include "wire/messages.h"

namespace postern::gateway {
namespace {

using std::chrono::seconds;
using wire::MessageType;
using wire::PayloadType;
using What = TimeLimits::Due::What;

const TimeLimits::Instant kStart = TimeLimits::Instant{} + std::chrono::hours(1000);
const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);

TimeLimits limits(seconds idle, seconds duration) {
  return {idle, duration, kStart, kStart, "Ops-Shell"};
}

std::string text_at(TimeLimits& limits, seconds after, What what) {
  const auto due = limits.due(kStart + after);
  if (!due) return "nothing is due";
  return due->what == what ? due->text : "the other: " + due->text;
}

TEST(TimeLimits, NoneNeverComesDue) {
  auto none = limits(seconds(0), seconds(0));
  EXPECT_FALSE(none.any());
  EXPECT_EQ(none.next(), TimeLimits::Instant::max());
  EXPECT_FALSE(none.due(kStart + std::chrono::hours(24 * 365)));
}

TEST(TimeLimits, IdleWarnsAMinuteBeforeItsEnd) {
  auto idle = limits(std::chrono::minutes(20), seconds(0));
  EXPECT_EQ(idle.next(), kStart + std::chrono::minutes(19));
  EXPECT_FALSE(idle.due(kStart + std::chrono::minutes(19) - seconds(1)));
  EXPECT_EQ(
      text_at(idle, std::chrono::minutes(19), What::kWarn),
      "This session is idle and will be ended in 1 minute unless it is used: idleSessionTimeout of document "
      "Ops-Shell.");
  EXPECT_FALSE(idle.due(kStart + std::chrono::minutes(19)));
  EXPECT_EQ(idle.next(), kStart + std::chrono::minutes(20));
  EXPECT_EQ(
      text_at(idle, std::chrono::minutes(20), What::kEnd),
      "This session was idle for 20 minutes and has been ended: idleSessionTimeout of document Ops-Shell.");
}

TEST(TimeLimits, AShortLimitWarnsInItsLastQuarter) {
  auto idle = limits(seconds(20), seconds(0));
  EXPECT_EQ(idle.next(), kStart + seconds(15));
  EXPECT_NE(text_at(idle, seconds(15), What::kWarn).find("in 5 seconds"), std::string::npos);
}

TEST(TimeLimits, UseStartsIdleTimeAnewAndWarnsAgain) {
  auto idle = limits(seconds(20), seconds(0));
  text_at(idle, seconds(15), What::kWarn);
  idle.used(kStart + seconds(18));
  EXPECT_FALSE(idle.due(kStart + seconds(20)));
  EXPECT_EQ(idle.next(), kStart + seconds(33));
  EXPECT_NE(text_at(idle, seconds(33), What::kWarn).find("in 5 seconds"), std::string::npos);
  EXPECT_NE(text_at(idle, seconds(38), What::kEnd).find("idle for 20 seconds"), std::string::npos);
}

TEST(TimeLimits, UseDoesNotProlongTheDuration) {
  auto both = limits(std::chrono::minutes(20), std::chrono::minutes(30));
  both.used(kStart + std::chrono::minutes(28));
  EXPECT_EQ(text_at(both, std::chrono::minutes(29), What::kWarn),
            "This session will be ended in 1 minute: it may last 30 minutes, maxSessionDuration of document "
            "Ops-Shell.");
  EXPECT_EQ(
      text_at(both, std::chrono::minutes(30), What::kEnd),
      "This session has lasted 30 minutes and has been ended: maxSessionDuration of document Ops-Shell.");
}

TEST(TimeLimits, DurationCountsFromBeforeARestartAndIdleTimeFromIt) {
  const auto restarted = kStart + std::chrono::minutes(10);
  TimeLimits both(std::chrono::minutes(20), std::chrono::minutes(25), kStart, restarted, "Ops-Shell");
  EXPECT_EQ(both.next(), kStart + std::chrono::minutes(24));
  EXPECT_EQ(both.due(kStart + std::chrono::minutes(25))->what, What::kEnd);
}

TEST(TimeLimits, AWarningThatIsLateSaysWhatIsLeft) {
  auto idle = limits(std::chrono::minutes(20), seconds(0));
  EXPECT_NE(text_at(idle, std::chrono::minutes(20) - seconds(7), What::kWarn).find("in 7 seconds"),
            std::string::npos);
}

bool counts(MessageType type, PayloadType payload_type, ByteView payload) {
  const auto frame = wire::make_stream_message(wire::Stamp::fresh(kNow), type, 0, payload_type, payload);
  return is_use(*wire::peek(frame), frame);
}

TEST(IsUse, InputOutputAndSizesCount) {
  for (const auto type : {MessageType::kInputStreamData, MessageType::kOutputStreamData}) {
    for (const auto payload : {PayloadType::kOutput, PayloadType::kStdErr, PayloadType::kSize}) {
      EXPECT_TRUE(counts(type, payload, as_bytes("x")));
      EXPECT_FALSE(counts(type, payload, {})) << "nothing was said";
    }
  }
}

TEST(IsUse, WhatTheProgramsSayToEachOtherDoesNotCount) {
  for (const auto payload : {PayloadType::kNone, PayloadType::kError, PayloadType::kHandshakeRequest,
                             PayloadType::kHandshakeResponse, PayloadType::kHandshakeComplete,
                             PayloadType::kFlag, PayloadType::kExitCode, PayloadType::kInputCredit}) {
    EXPECT_FALSE(counts(MessageType::kOutputStreamData, payload, as_bytes("x"))) << static_cast<int>(payload);
  }
  EXPECT_FALSE(counts(MessageType::kAcknowledge, PayloadType::kOutput, as_bytes("x")));
}

// The traps named are those of control-plane.md section 9.
TEST(IsUse, ControlPlaneTrap38_SmuxKeepAlivesDoNotCount) {
  const Bytes nop = {1, 3, 0, 0, 0, 0, 0, 0};
  auto several = nop;
  several.insert(several.end(), nop.begin(), nop.end());
  auto with_data = nop;
  with_data.insert(with_data.end(), {1, 2, 1, 0, 3, 0, 0, 0, 'x'});
  const Bytes open_stream = {1, 0, 0, 0, 3, 0, 0, 0};
  EXPECT_FALSE(counts(MessageType::kOutputStreamData, PayloadType::kOutput, nop));
  EXPECT_FALSE(counts(MessageType::kInputStreamData, PayloadType::kOutput, several));
  EXPECT_TRUE(counts(MessageType::kOutputStreamData, PayloadType::kOutput, with_data));
  EXPECT_TRUE(counts(MessageType::kInputStreamData, PayloadType::kOutput, open_stream));
  EXPECT_TRUE(counts(MessageType::kInputStreamData, PayloadType::kOutput, ByteView(nop).first(7)));
}

}  // namespace
}  // namespace postern::gateway

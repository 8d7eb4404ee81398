#include "gateway/live_session_fixture.h"

namespace postern::gateway {
namespace {

using std::chrono::seconds;

/// Idle for at most 20 s, unless a test says otherwise: the warning comes 5 s before.
class LiveSessionLimits : public LiveSessionTest {
 protected:
  LiveSessionLimits() { restart(seconds(20), seconds(0)); }

  void restart(seconds idle, seconds duration, Bytes start = {}) {
    idle_timeout_ = idle;
    max_duration_ = duration;
    session_ = make(std::move(start));
  }
};

std::string notice_of(const Bytes& message) {
  const auto notice =
      decode_json_text<wire::SessionNotice>(as_text(ByteView(message).subspan(wire::kHeaderBytes)));
  return notice ? notice->text : "no session_notice";
}

TEST_F(LiveSessionLimits, ControlPlaneTrap30_AnIdleSessionIsEndedWithAWarningAndAReason) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  tick_after(seconds(14));
  EXPECT_TRUE(client->idle());
  tick_after(seconds(16));
  const auto warning = notice_of(client->take());
  EXPECT_TRUE(warning.starts_with("This session is idle and will be ended in 4 seconds")) << warning;
  EXPECT_TRUE(agent->idle());
  tick_after(seconds(21));
  constexpr auto kReason =
      "This session was idle for 20 seconds and has been ended: idleSessionTimeout of document Ops-Shell.";
  EXPECT_EQ(closing_text(client->take()), kReason);
  EXPECT_EQ(agent->take_type(), MessageType::kChannelClosed);
  EXPECT_EQ(session_->record().details, kReason);
  EXPECT_EQ(status(), SessionStatus::kTerminating);
  EXPECT_FALSE(session_->resumable());
}

TEST_F(LiveSessionLimits, UseMovesTheEnd) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  tick_after(seconds(16));
  EXPECT_EQ(client->take_type(), MessageType::kSessionNotice);
  // It arrives now, which is when the deadline is counted anew from: the warning is not given again before
  // then.
  for (const auto& used : {input(0, "x"), output(0, "y")}) send(used == input(0, "x") ? client : agent, used);
  client->start_reading();
  tick_after(seconds(14));
  EXPECT_EQ(status(), SessionStatus::kConnected);
}

TEST_F(LiveSessionLimits, TheAgentIsToldWhenTheClientCanNotBe) {
  const auto client = open(Side::kClient, Maker::kAws);
  const auto agent = open(Side::kAgent);
  tick_after(seconds(16));
  EXPECT_TRUE(client->idle());
  EXPECT_TRUE(notice_of(agent->take()).starts_with("This session is idle"));
  // What our agent writes to the terminal because of it is no use of the session.
  send(agent, output(0, "This session is idle ..."));
  tick_after(seconds(21));
  EXPECT_EQ(status(), SessionStatus::kTerminating);
}

TEST_F(LiveSessionLimits, NobodyOfAwsIsSentANotice) {
  const auto client = open(Side::kClient, Maker::kAws);
  const auto agent = open(Side::kAgent, Maker::kAws);
  tick_after(seconds(16));
  EXPECT_TRUE(client->idle());
  EXPECT_TRUE(agent->idle());
  tick_after(seconds(21));
  EXPECT_NE(closing_text(client->take()).find("idle for 20 seconds"), std::string::npos);
}

TEST_F(LiveSessionLimits, TheDurationEndsASessionInUse) {
  restart(seconds(0), seconds(40));
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  send(client, input(0, "x"));
  tick_after(seconds(31));
  EXPECT_NE(notice_of(client->take()).find("it may last 40 seconds"), std::string::npos);
  tick_after(seconds(41));
  EXPECT_EQ(
      closing_text(client->take()),
      "This session has lasted 40 seconds and has been ended: maxSessionDuration of document Ops-Shell.");
}

TEST_F(LiveSessionLimits, TheDurationCountsThroughARestartOfTheService) {
  clock_.time = kNow + seconds(35);
  restart(seconds(0), seconds(40));
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  tick_after(seconds(1));
  EXPECT_EQ(client->take_type(), MessageType::kSessionNotice);
  tick_after(seconds(6));
  EXPECT_NE(closing_text(client->take()).find("has lasted 40 seconds"), std::string::npos);
}

TEST_F(LiveSessionLimits, AnIdleSessionWithoutAClientIsEndedToo) {
  const auto agent = open(Side::kAgent);
  EXPECT_EQ(agent->take_type(), MessageType::kPausePublication);
  tick_after(seconds(21));
  EXPECT_EQ(agent->take_type(), MessageType::kChannelClosed);
  session_->completed(true, "");
  EXPECT_EQ(host_.finishes, 1) << "nobody is waited for, since nobody may come back";
}

TEST_F(LiveSessionLimits, ATimerKeepsShortLimitsExactly) {
  restart(seconds(1), seconds(0));
  session_->start_limits();
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  const auto begun = std::chrono::steady_clock::now();
  while (status() != SessionStatus::kTerminating) ASSERT_EQ(context_.run_one_for(seconds(30)), 1U);
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(took, std::chrono::milliseconds(900));
  pump();
  EXPECT_EQ(client->take_type(), MessageType::kSessionNotice);
  EXPECT_EQ(client->take_type(), MessageType::kChannelClosed);
}

}  // namespace
}  // namespace postern::gateway

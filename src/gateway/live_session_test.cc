#include "gateway/live_session_fixture.h"
#include "wire/control_payloads.h"

// The traps named are those of section 10 of our notes on the data channel, or of section 9 of those on the
// control plane.
namespace postern::gateway {
namespace {

TEST_F(LiveSessionTest, SendsItsStartMessageAtOnce) {
  ASSERT_EQ(host_.to_node.size(), 1U);
  EXPECT_EQ(as_text(host_.to_node.front()), "start message");
}

TEST_F(LiveSessionTest, ControlPlaneTrap26_RelaysBothWaysUnchanged) {
  const auto client = open(Side::kClient);
  EXPECT_EQ(status(), SessionStatus::kConnecting);
  const auto agent = open(Side::kAgent);
  EXPECT_EQ(status(), SessionStatus::kConnected);
  const auto typed = input(0, "ls\r");
  const auto shown = output(0, "$ ");
  send(client, typed);
  send(agent, shown);
  EXPECT_EQ(agent->take(), typed);
  EXPECT_EQ(client->take(), shown);
  const auto acked = acknowledge(0);
  send(client, acked);
  EXPECT_EQ(agent->take(), acked);
}

TEST_F(LiveSessionTest, Trap4AndControlPlaneTrap48_DropsWhatWouldHangAnEndOrIsNotASidesToSend) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  auto long_header = input(0, "x");
  long_header[3] = 200;
  for (const auto& message :
       {make_channel_closed(kSession, kNode, "injected", kNow), output(0, "forged"),
        make_pause_publication(kSession, kNow), session_state(wire::kSessionTerminating), Bytes{1, 2, 3},
        Bytes(119, 0), long_header}) {
    send(client, message);
  }
  EXPECT_TRUE(agent->idle());
  for (const auto& message :
       {make_channel_closed(kSession, kNode, "injected", kNow), input(0, "forged"), Bytes(5, 0)}) {
    send(agent, message);
  }
  EXPECT_TRUE(client->idle());
  EXPECT_EQ(status(), SessionStatus::kConnected);
}

TEST_F(LiveSessionTest, Trap15_KeepsFramesForALegThatIsAway) {
  const auto agent = open(Side::kAgent);
  const auto first = output(0, "a");
  const auto second = output(1, "b");
  send(agent, first);
  send(agent, second);
  const auto client = open(Side::kClient);
  EXPECT_EQ(client->take(), first);
  EXPECT_EQ(client->take(), second);
}

TEST_F(LiveSessionTest, PausesTheAgentWhileTheClientIsAway) {
  const auto agent = open(Side::kAgent);
  const auto client = open(Side::kClient);
  client->leave();
  pump();
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
  EXPECT_EQ(agent->take_type(), MessageType::kPausePublication);
  open(Side::kClient);
  EXPECT_EQ(status(), SessionStatus::kConnected);
  EXPECT_EQ(agent->take_type(), MessageType::kStartPublication);
}

TEST_F(LiveSessionTest, ANewerLegTakesTheOldOnesPlace) {
  const auto agent = open(Side::kAgent);
  const auto first = open(Side::kClient);
  const auto second = open(Side::kClient);
  EXPECT_TRUE(first->gone());
  EXPECT_EQ(status(), SessionStatus::kConnected);
  send(agent, output(0, "x"));
  EXPECT_EQ(second->take_type(), MessageType::kOutputStreamData);
}

TEST_F(LiveSessionTest, Trap58_AShellsEndReachesTheClientBehindItsLastAcknowledgement) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  send(agent, output(0, "bye"));
  client->take();
  send(agent, session_state(wire::kSessionTerminating));
  EXPECT_EQ(status(), SessionStatus::kTerminating);
  EXPECT_TRUE(client->idle());
  send(client, acknowledge(0));
  const auto closed = client->take();
  EXPECT_EQ(wire::peek(closed)->type, MessageType::kChannelClosed);
  EXPECT_EQ(closing_text(closed), "");
  EXPECT_EQ(host_.finishes, 0);
  session_->completed(true, "");
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(host_.saved.back().status, SessionStatus::kTerminated);
  EXPECT_EQ(host_.saved.back().ended, kNow);
}

TEST_F(LiveSessionTest, AnAgentsReasonReachesThePersonAndTheRecord) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  send(agent, wire::make_agent_session_state(wire::Stamp::fresh(kNow), wire::kSessionTerminating, kSession,
                                             "No agent."));
  EXPECT_EQ(closing_text(client->take()), "No agent.");
  tick_after(std::chrono::seconds(11));
  EXPECT_EQ(host_.saved.back().details, "No agent.");
  EXPECT_EQ(host_.saved.back().status, SessionStatus::kTerminated);
}

TEST_F(LiveSessionTest, TerminateTellsBothEndsAndKeepsTheReason) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  session_->terminate("Terminated by bob.");
  pump();
  EXPECT_EQ(closing_text(client->take()), "Terminated by bob.");
  EXPECT_EQ(agent->take_type(), MessageType::kChannelClosed);
  EXPECT_EQ(wire::peek(host_.to_node.back())->type, MessageType::kChannelClosed);
  EXPECT_EQ(host_.saved.back().status, SessionStatus::kTerminating);
  session_->completed(true, "");
  EXPECT_EQ(host_.saved.back().details, "Terminated by bob.");
}

TEST_F(LiveSessionTest, ControlPlaneTrap29_AnAgentThatNeverConfirmsIsGivenUp) {
  open(Side::kClient);
  open(Side::kAgent);
  session_->terminate("Terminated by bob.");
  tick_after(std::chrono::seconds(9));
  EXPECT_EQ(host_.finishes, 0);
  tick_after(std::chrono::seconds(11));
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(status(), SessionStatus::kTerminated);
}

TEST_F(LiveSessionTest, ControlPlaneTrap19_RepeatsTheStartMessageAndThenFails) {
  const auto client = open(Side::kClient);
  tick_after(std::chrono::seconds(6));
  EXPECT_EQ(host_.to_node.size(), 2U);
  tick_after(std::chrono::seconds(31));
  EXPECT_EQ(status(), SessionStatus::kFailed);
  EXPECT_NE(closing_text(client->take()).find("did not open the session within 30 seconds"),
            std::string::npos);
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(LiveSessionTest, AFailureOfTheAgentReachesThePerson) {
  const auto client = open(Side::kClient);
  session_->completed(false, "no such user");
  pump();
  EXPECT_EQ(closing_text(client->take()), "no such user");
  EXPECT_EQ(status(), SessionStatus::kFailed);
}

TEST_F(LiveSessionTest, Trap52_WaitsForALostEndOnlySoLong) {
  // Shorter than kDeadAfter, so that the agent's own silence is no matter.
  times_.grace = std::chrono::seconds(40);
  session_ = make({});
  const auto agent = open(Side::kAgent);
  const auto client = open(Side::kClient);
  client->leave();
  pump();
  tick_after(std::chrono::seconds(39));
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
  tick_after(std::chrono::seconds(41));
  EXPECT_EQ(status(), SessionStatus::kTerminated);
  EXPECT_EQ(session_->record().details, "The client disconnected and did not come back.");
}

TEST_F(LiveSessionTest, AClientThatComesBackGetsTheEndOfTheOutput) {
  const auto agent = open(Side::kAgent);
  auto client = open(Side::kClient);
  client->leave();
  pump();
  send(agent, output(0, "last words"));
  send(agent, session_state(wire::kSessionTerminating));
  session_->completed(true, "");
  EXPECT_EQ(host_.finishes, 0);
  client = open(Side::kClient);
  EXPECT_EQ(client->take_type(), MessageType::kOutputStreamData);
  send(client, acknowledge(0));
  EXPECT_EQ(client->take_type(), MessageType::kChannelClosed);
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(LiveSessionTest, Trap16_ASlowReaderStopsItsWriter) {
  const auto agent = open(Side::kAgent);
  const auto client = attach(Side::kClient, std::make_shared<End>(context_));
  const auto chunk = output(0, std::string(32 * 1024, 'x'));
  const auto offered = 100 * chunk.size();
  for (int i = 0; i < 100; ++i) agent->send(chunk);
  pump();
  // What the service took is bounded by its own queue, one message, and the two pipes of 64 KiB.
  EXPECT_GT(agent->unsent(), offered - LiveSession::kQueueBytes - 2 * chunk.size() - 2 * 64 * 1024 - 4096);
  client->start_reading();
  std::size_t arrived = 0;
  pump();
  while (!client->idle()) {
    client->take();
    ++arrived;
    pump();
  }
  EXPECT_EQ(arrived, 100U);
}

TEST_F(LiveSessionTest, AClientsTokenIsGoodOnceAndNotForEver) {
  EXPECT_FALSE(session_->redeem_client_token("other"));
  EXPECT_TRUE(session_->redeem_client_token("token"));
  EXPECT_FALSE(session_->redeem_client_token("token"));
  EXPECT_TRUE(host_.saved.back().client_token_hash.empty());
  session_->set_client_token(sha256_hex("second"), kNow + std::chrono::minutes(1));
  clock_.time = kNow + std::chrono::minutes(2);
  EXPECT_FALSE(session_->redeem_client_token("second"));
}

TEST_F(LiveSessionTest, OneFoundInTheStoreWaitsForItsEnds) {
  host_.to_node.clear();
  session_ = make({});
  tick_after(std::chrono::seconds(60));
  EXPECT_TRUE(host_.to_node.empty());
  EXPECT_EQ(host_.finishes, 0);
  tick_after(std::chrono::seconds(301));
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(session_->record().details, "The node lost its connection and did not come back.");
}

}  // namespace
}  // namespace postern::gateway

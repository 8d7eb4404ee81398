#include "gateway/live_session_fixture.h"

// What the relay does for AWS's own programs, and for none of ours. The traps named are those of section 10
// of our notes on the data channel, or of section 9 of those on the control plane.
namespace postern::gateway {
namespace {

using std::chrono::seconds;

class LiveSessionOfficial : public LiveSessionTest {
 protected:
  LiveSessionOfficial() {
    // No test depends on how fast the machine is.
    times_.quiet = std::chrono::hours(1);
    session_ = make(to_bytes("start message"));
    host_.to_node.clear();
  }

  std::shared_ptr<End> client_;
  std::shared_ptr<End> agent_;

  void open_both(Maker client = Maker::kAws) {
    client_ = open(Side::kClient, client);
    agent_ = open(Side::kAgent, Maker::kAws);
  }
  /// Sends outputs of the agent and lets the client acknowledge them.
  void exchange(std::int64_t first, std::int64_t last) {
    for (auto number = first; number <= last; ++number) {
      send(agent_, output(number, "x"));
      send(client_, acknowledge(number));
    }
    run_until_idle();
    drop_all();
  }
  void run_until_idle() {
    // The guard of the first output is over after milliseconds.
    while (context_.run_one_for(std::chrono::milliseconds(150)) > 0) {
    }
    context_.restart();
  }
  void drop_all() {
    while (!client_->idle()) client_->take();
    while (!agent_->idle()) agent_->take();
  }
  std::int64_t acknowledged_by(const Bytes& message) {
    EXPECT_EQ(wire::peek(message)->type, MessageType::kAcknowledge);
    return acknowledged_number(ByteView(message).subspan(wire::kHeaderBytes)).value_or(-1);
  }
  Bytes of_type(wire::PayloadType type, std::int64_t number) {
    return wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kOutputStreamData, number, type,
                                     as_bytes("{}"));
  }
  void reconnect_client() {
    client_->leave();
    pump();
    client_ = open(Side::kClient, Maker::kAws);
    drop_all();
  }
};

TEST_F(LiveSessionOfficial, Trap13_ARepetitionThatTheClientAcknowledgedIsAcknowledgedAgain) {
  open_both();
  exchange(0, 3);
  send(agent_, output(2, "x"));
  EXPECT_TRUE(client_->idle()) << "it has it";
  EXPECT_EQ(acknowledged_by(agent_->take()), 2);
}

TEST_F(LiveSessionOfficial, Trap12_OnlyWhatTheClientAcknowledgedItself) {
  open_both();
  exchange(0, 0);
  send(agent_, output(1, "lost"));
  send(agent_, output(2, "x"));
  send(client_, acknowledge(2));
  drop_all();
  send(agent_, output(1, "lost"));
  EXPECT_EQ(client_->take_type(), MessageType::kOutputStreamData);
  EXPECT_TRUE(agent_->idle());
}

TEST_F(LiveSessionOfficial, OurClientAcknowledgesAgainByItself) {
  open_both(Maker::kOurs);
  exchange(0, 3);
  send(agent_, output(2, "x"));
  EXPECT_EQ(client_->take_type(), MessageType::kOutputStreamData);
  EXPECT_TRUE(agent_->idle());
}

TEST_F(LiveSessionOfficial, AnAcknowledgementLostWithAConnectionIsFound) {
  open_both();
  exchange(0, 3);
  send(agent_, output(4, "x"));
  // The client had it, and its acknowledgement went down with its connection.
  reconnect_client();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(agent_->idle());
    send(agent_, output(4, "x"));
    EXPECT_EQ(client_->take_type(), MessageType::kOutputStreamData);
    EXPECT_EQ(client_->take_pings().size(), 1U);
  }
  EXPECT_EQ(acknowledged_by(agent_->take()), 4);
  // What follows needs one proof each.
  send(agent_, output(5, "x"));
  send(agent_, output(5, "x"));
  EXPECT_EQ(acknowledged_by(agent_->take()), 5);
}

TEST_F(LiveSessionOfficial, AClientThatAcknowledgesIsBelieved) {
  open_both();
  exchange(0, 3);
  reconnect_client();
  send(agent_, output(4, "x"));
  for (int i = 0; i < 2; ++i) send(agent_, output(4, "x"));
  send(client_, acknowledge(4));
  EXPECT_EQ(acknowledged_by(agent_->take()), 4);
  EXPECT_TRUE(agent_->idle()) << "once";
  drop_all();
  send(agent_, output(5, "x"));
  for (int i = 0; i < 2; ++i) send(agent_, output(5, "x"));
  EXPECT_TRUE(agent_->idle()) << "the proof begins anew";
}

TEST_F(LiveSessionOfficial, NobodyIsAskedWhoseConnectionWasNeverLost) {
  open_both();
  exchange(0, 3);
  send(agent_, output(4, "x"));
  for (int i = 0; i < 10; ++i) send(agent_, output(4, "x"));
  EXPECT_TRUE(client_->take_pings().empty());
  EXPECT_TRUE(agent_->idle());
}

TEST_F(LiveSessionOfficial, Trap32_NothingFollowsHandshakeCompleteUntilTheClientsFirstInput) {
  open_both();
  send(agent_, of_type(wire::PayloadType::kHandshakeRequest, 0));
  send(client_, input(0, "response"));
  drop_all();
  const auto late =
      wire::make_acknowledge(wire::Stamp::fresh(kNow), MessageType::kInputStreamData, Uuid::random(), 0);
  send(agent_, of_type(wire::PayloadType::kHandshakeComplete, 1));
  send(agent_, late);
  send(agent_, output(2, "x"));
  EXPECT_EQ(client_->waiting(), 1U);
  send(client_, acknowledge(1));
  EXPECT_EQ(client_->waiting(), 1U) << "it acknowledges before it is ready";
  send(client_, input(1, "syn"));
  EXPECT_EQ(client_->take_type(), MessageType::kOutputStreamData);
  EXPECT_EQ(client_->take(), late);
  EXPECT_EQ(client_->take_type(), MessageType::kOutputStreamData);
}

TEST_F(LiveSessionOfficial, Trap32_AndNoLongerThanItsTime) {
  times_.quiet = std::chrono::milliseconds(5);
  session_ = make({});
  open_both();
  send(agent_, of_type(wire::PayloadType::kHandshakeComplete, 0));
  send(agent_, output(1, "x"));
  while (client_->waiting() < 2) ASSERT_EQ(context_.run_one_for(seconds(30)), 1U);
}

TEST_F(LiveSessionOfficial, Trap32_TheServicesOwnWordWaitsToo) {
  open_both();
  send(agent_, of_type(wire::PayloadType::kHandshakeComplete, 0));
  session_->terminate("Terminated by bob.");
  pump();
  EXPECT_EQ(client_->waiting(), 1U);
  send(client_, input(0, "syn"));
  client_->take();
  EXPECT_EQ(closing_text(client_->take()), "Terminated by bob.");
}

TEST_F(LiveSessionOfficial, OurClientIsNotKeptWaiting) {
  open_both(Maker::kOurs);
  send(agent_, of_type(wire::PayloadType::kHandshakeComplete, 0));
  send(agent_, output(1, "x"));
  EXPECT_EQ(client_->waiting(), 2U);
}

TEST_F(LiveSessionOfficial, TheSecondOutputWaitsForTheFirstToBeAcknowledged) {
  open_both();
  send(agent_, output(0, "$ "));
  send(agent_, output(1, "x"));
  EXPECT_EQ(client_->waiting(), 1U);
  send(client_, acknowledge(0));
  while (client_->waiting() < 2) ASSERT_EQ(context_.run_one_for(seconds(30)), 1U);
}

TEST_F(LiveSessionOfficial, Trap27_AnAgentThatWaitsLongIsAskedToPauseAndReadOn) {
  agent_ = open(Side::kAgent, Maker::kAws);
  client_ = attach(Side::kClient, std::make_shared<End>(context_), Maker::kOurs);
  const auto chunk = output(1, std::string(32 * 1024, 'x'));
  for (int i = 0; i < 100; ++i) agent_->send(chunk);
  pump();
  EXPECT_GT(agent_->unsent(), 0U);
  EXPECT_TRUE(agent_->idle());
  tick_after(seconds(5));
  EXPECT_EQ(agent_->take_type(), MessageType::kPausePublication);
  pump();
  EXPECT_EQ(agent_->unsent(), 0U);
  client_->start_reading();
  pump();
}

TEST_F(LiveSessionOfficial, Trap56_ACommandWithSeparateOutputIsNeverPaused) {
  session_type_ = wire::kNonInteractiveCommands;
  session_ = make({});
  open_both();
  client_->leave();
  pump();
  EXPECT_TRUE(agent_->idle());
}

TEST_F(LiveSessionOfficial, Trap20_NumbersGoOnThroughReconnects) {
  open_both();
  exchange(0, 3);
  reconnect_client();
  const auto next = output(4, "x");
  send(agent_, next);
  EXPECT_EQ(client_->take(), next);
}

TEST_F(LiveSessionOfficial, Trap23_ADrainEndsOurDirectionOnlyAndSaysNoClose) {
  open_both();
  session_->drain();
  pump();
  EXPECT_TRUE(client_->gone());
  EXPECT_TRUE(client_->take_pings().empty()) << "no Close frame";
}

TEST_F(LiveSessionOfficial, Trap22AndControlPlaneTrap27_AnEndThatJustGoesMayComeBack) {
  open_both();
  client_->leave();
  pump();
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
  EXPECT_EQ(host_.finishes, 0);
}

TEST_F(LiveSessionOfficial, ControlPlaneTrap28_TheOrderToEndIsRepeatedWhenTheNodeIsBack) {
  open_both();
  session_->node_connected();
  EXPECT_TRUE(host_.to_node.empty()) << "nothing was ordered";
  session_->terminate("Terminated by bob.");
  host_.to_node.clear();
  session_->node_connected();
  ASSERT_EQ(host_.to_node.size(), 1U);
  EXPECT_EQ(wire::peek(host_.to_node.front())->type, MessageType::kChannelClosed);
  EXPECT_TRUE(session_->agent_unheard());
  session_->completed(true, "");
  EXPECT_FALSE(session_->agent_unheard());
  session_->node_connected();
  EXPECT_EQ(host_.to_node.size(), 1U);
}

}  // namespace
}  // namespace postern::gateway

#include "gateway/live_session_fixture.h"

#include <limits>

// Ends that do what no program does. Each may harm its own session, and nothing else.
namespace postern::gateway {
namespace {

using std::chrono::seconds;

class LiveSessionHostile : public LiveSessionTest {};

TEST_F(LiveSessionHostile, WhatWasNeverSentCanNotBeAcknowledged) {
  const auto client = open(Side::kClient, Maker::kAws);
  const auto agent = open(Side::kAgent);
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  for (const auto number :
       {std::int64_t{5}, kLargest, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()})
    send(client, acknowledge(number));
  while (!agent->idle()) agent->take();
  for (std::int64_t number = 0; number <= 5; ++number) send(agent, output(number, "x"));
  send(agent, session_state(wire::kSessionTerminating));
  EXPECT_TRUE(agent->idle()) << "nothing is acknowledged in the client's name";
  while (client->waiting() < 6) ASSERT_EQ(context_.run_one_for(seconds(30)), 1U);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client->take_type(), MessageType::kOutputStreamData);
  EXPECT_TRUE(client->idle()) << "the end waits for the real acknowledgements";
  send(client, acknowledge(5));
  EXPECT_EQ(client->take_type(), MessageType::kChannelClosed);
}

TEST_F(LiveSessionHostile, ReplaysAreTheEndsBusiness) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  const auto typed = input(0, "rm -rf x\r");
  for (int i = 0; i < 3; ++i) {
    send(client, typed);
    EXPECT_EQ(agent->take(), typed);
  }
}

TEST_F(LiveSessionHostile, Trap18_PayloadsOfAnyTypePass) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  for (const auto type : {0U, 4U, 99U, 0xFFFFFFFFU}) {
    const auto odd = wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kInputStreamData, 0,
                                               static_cast<wire::PayloadType>(type), as_bytes("x"));
    send(client, odd);
    EXPECT_EQ(agent->take(), odd);
  }
}

TEST_F(LiveSessionHostile, AFloodOfFramesThatNobodySendsEndsItsConnectionOnly) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  for (int i = 0; i < 10'000 && !client->gone(); ++i) {
    client->send(make_channel_closed(kSession, kNode, "injected", kNow));
    if (i % 64 == 0) pump();
  }
  pump();
  EXPECT_TRUE(client->gone());
  EXPECT_FALSE(agent->gone());
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
}

TEST_F(LiveSessionHostile, AReplacedOrLostClientIsKeptForNoMoreThanItsGrace) {
  const auto agent = open(Side::kAgent);
  for (int i = 0; i < 50; ++i) open(Side::kClient);
  EXPECT_EQ(status(), SessionStatus::kConnected);
  EXPECT_FALSE(agent->gone());
}

TEST_F(LiveSessionHostile, Trap28_AFloodForAnAgentThatIsAwayIsHeldBack) {
  const auto client = open(Side::kClient);
  const auto chunk = std::string(32 * 1024, 'x');
  constexpr int kChunks = 100;
  for (int i = 0; i < kChunks; ++i) client->send(input(i, chunk));
  pump();
  EXPECT_FALSE(client->gone()) << "its writes block, which is safe; they must not fail";
  EXPECT_GT(client->unsent(),
            kChunks * chunk.size() - RelayQueue::kLimitBytes - 4 * chunk.size() - 2 * 64 * 1024);
  const auto agent = open(Side::kAgent);
  while (agent->waiting() < kChunks) ASSERT_EQ(context_.run_one_for(seconds(30)), 1U);
}

TEST_F(LiveSessionHostile, TwoEndsThatNeverReadHoldBoundedMemory) {
  const auto client = attach(Side::kClient, std::make_shared<End>(context_));
  const auto agent = attach(Side::kAgent, std::make_shared<End>(context_));
  const auto chunk = std::string(32 * 1024, 'x');
  for (int i = 0; i < 400; ++i) {
    client->send(input(i, chunk));
    agent->send(output(i, chunk));
  }
  pump();
  // An agent is read on once it was asked to pause, up to the hard limit.
  tick_after(seconds(10));
  pump();
  EXPECT_LE(session_->queued_bytes(),
            LiveSession::kQueueHardBytes + LiveSession::kQueueBytes + 2 * (chunk.size() + 1024));
}

TEST_F(LiveSessionHostile, NumbersAtTheirEndsAreRelayed) {
  const auto client = open(Side::kClient, Maker::kAws);
  const auto agent = open(Side::kAgent, Maker::kAws);
  for (const auto number : {std::numeric_limits<std::int64_t>::max(),
                            std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0}}) {
    send(agent, output(number, "x"));
    EXPECT_EQ(client->take_type(), MessageType::kOutputStreamData) << number;
    send(client, acknowledge(number));
    EXPECT_EQ(agent->take_type(), MessageType::kAcknowledge) << number;
  }
}

TEST_F(LiveSessionHostile, EveryFlippedBitOfAHeaderIsRelayedOrDropped) {
  const auto client = open(Side::kClient, Maker::kAws);
  const auto agent = open(Side::kAgent, Maker::kAws);
  const auto good = output(3, "x");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto flipped = good;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    send(agent, flipped);
    send(client, flipped);
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    send(agent, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
  EXPECT_FALSE(client->gone());
  EXPECT_FALSE(agent->gone());
  EXPECT_EQ(status(), SessionStatus::kConnected);
}

}  // namespace
}  // namespace postern::gateway

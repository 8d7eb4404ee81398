// What two ends do once they agreed on kExtensionBulk: no digests, acknowledgements of the whole stream, and
// repetition of just what a broken connection lost.
#include <gtest/gtest.h>

#include "channel/data_channel.h"
#include "channel/test_clock.h"

namespace postern::channel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Bulk : public testing::Test {
 protected:
  Bulk() {
    agent.use_bulk();
    client.use_bulk();
  }

  /// Moves what one end has to say to the other, unless it is lost on the way; gives the messages' types.
  std::vector<std::string> carry(DataChannel& from, DataChannel& to, bool lost = false) {
    std::vector<std::string> types;
    while (const auto message = from.poll(now)) {
      types.emplace_back(wire::parse(*message)->type_name);
      if (!lost) EXPECT_TRUE(to.on_message(Bytes(message->begin(), message->end()), now));
    }
    return types;
  }
  void send(int messages) {
    for (int i = 0; i < messages; ++i) agent.send(wire::PayloadType::kOutput, as_bytes(std::to_string(i)));
  }
  std::size_t received() {
    std::size_t count = 0;
    for (; client.front() != nullptr; ++count) (void)client.pop();
    return count;
  }

  TestClock clock;
  SteadyTime now{std::chrono::hours(1)};
  DataChannel agent{End::kAgent, {}, clock};
  DataChannel client{End::kClient, {}, clock};
};

TEST_F(Bulk, OneAcknowledgementStandsForManyMessages) {
  send(100);
  carry(agent, client);
  now += DataChannel::kAckDelay;
  EXPECT_EQ(carry(client, agent), std::vector<std::string>{"acknowledge"});
  EXPECT_TRUE(agent.all_acknowledged());
  EXPECT_EQ(received(), 100U);
}

TEST_F(Bulk, LeavesOutTheDigest) {
  send(1);
  const auto message = agent.poll(now);
  EXPECT_FALSE(wire::digest_matches(*wire::parse(*message)));
}

TEST_F(Bulk, DigestsAreCheckedBeforeTheAgreement) {
  DataChannel unaware{End::kClient, {}, clock};
  send(1);
  EXPECT_EQ(unaware.on_message(*agent.poll(now), now).error(), ChannelError::kWrongDigest);
  unaware.allow_bulk();
  agent.on_reconnect();
  EXPECT_TRUE(unaware.on_message(*agent.poll(now), now));
}

TEST_F(Bulk, AGapBringsBackWhatWasLostAtOnceAndNoMore) {
  send(3);
  carry(agent, client);
  send(20);
  carry(agent, client, true);
  send(2);
  carry(agent, client);
  now += DataChannel::kAckDelay;
  carry(client, agent);
  EXPECT_EQ(agent.sender().repetitions(), 22U);
  carry(agent, client);
  now += DataChannel::kAckDelay;
  carry(client, agent);
  EXPECT_TRUE(agent.all_acknowledged());
  EXPECT_EQ(agent.sender().repetitions(), 22U);
  EXPECT_EQ(received(), 25U);
}

TEST_F(Bulk, ALostTailIsFoundByOneProbe) {
  send(20);
  carry(agent, client, true);
  now += seconds(1);
  EXPECT_EQ(carry(agent, client).size(), 1U);
  now += DataChannel::kAckDelay;
  carry(client, agent);
  EXPECT_EQ(carry(agent, client).size(), 19U);
  EXPECT_EQ(received(), 20U);
}

TEST_F(Bulk, AStoppedConsumerCostsOneProbeASecond) {
  client.set_ready(false);
  send(20);
  carry(agent, client);
  for (int second = 0; second < 10; ++second) {
    now += seconds(1);
    EXPECT_EQ(carry(agent, client).size(), 1U);
    now += DataChannel::kAckDelay;
    carry(client, agent);
    EXPECT_EQ(carry(agent, client).size(), 0U) << "all of it is held already";
  }
  client.set_ready(true);
  now += DataChannel::kAckDelay;
  carry(client, agent);
  EXPECT_TRUE(agent.all_acknowledged());
}

TEST_F(Bulk, ASlowWayIsNoLoss) {
  send(20);
  std::vector<Bytes> way;
  while (const auto message = agent.poll(now)) way.emplace_back(message->begin(), message->end());
  now += seconds(1);
  while (const auto message = agent.poll(now)) way.emplace_back(message->begin(), message->end());
  ASSERT_EQ(way.size(), 21U) << "the probe is behind them";
  for (const auto& message : way) {
    EXPECT_TRUE(client.on_message(message, now));
    now += milliseconds(1);
    carry(client, agent);
  }
  now += DataChannel::kAckDelay;
  carry(client, agent);
  EXPECT_EQ(agent.sender().repetitions(), 1U);
  EXPECT_TRUE(agent.all_acknowledged());
}

TEST_F(Bulk, ProgressBeyondWhatWasWrittenIsRefused) {
  send(1);
  (void)agent.poll(now);
  const auto stamp = wire::Stamp::fresh(clock.now());
  const auto refused = [&](wire::Progress progress) {
    return agent
        .on_message(wire::make_acknowledge(stamp, wire::MessageType::kOutputStreamData, stamp.message_id, 0,
                                           progress),
                    now)
        .error();
  };
  EXPECT_EQ(refused({5, 5}), ChannelError::kAcknowledgedUnsent);
  EXPECT_EQ(refused({0, INT64_MAX}), ChannelError::kAcknowledgedUnsent);
  EXPECT_FALSE(agent.all_acknowledged());
}

}  // namespace
}  // namespace postern::channel

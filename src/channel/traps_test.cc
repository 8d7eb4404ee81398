// The traps of data-channel.md section 10 that an end of a channel falls into, by number, and what a bad peer
// can't do to it. Those of ports are in mux_smux_test.cc.
#include <gtest/gtest.h>

#include "channel/data_channel.h"
#include "channel/handshake.h"
#include "channel/test_clock.h"

namespace postern::channel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::MessageType;
using wire::PayloadType;

class Traps : public testing::Test {
 protected:
  Bytes input(std::int64_t number, std::string_view payload = "x", PayloadType type = PayloadType::kOutput) {
    return wire::make_stream_message(wire::Stamp::fresh(clock.now()), MessageType::kInputStreamData, number,
                                     type, as_bytes(payload));
  }
  Bytes ack(std::int64_t number, std::optional<wire::Progress> progress = {}) {
    return wire::make_acknowledge(wire::Stamp::fresh(clock.now()), MessageType::kOutputStreamData,
                                  Uuid::random(), number, progress);
  }
  void receive(const Bytes& message) { EXPECT_TRUE(agent.on_message(message, now)); }
  /// The numbers of what is written now, acknowledgements as `a` and the number they name.
  std::vector<std::string> written() {
    std::vector<std::string> lines;
    now += DataChannel::kAckDelay;
    while (const auto bytes = agent.poll(now)) {
      const auto message = wire::parse(*bytes);
      if (message->header.type == MessageType::kAcknowledge) {
        lines.push_back("a" + std::to_string(wire::decode_acknowledge(as_text(message->payload))->number));
      } else {
        lines.push_back(std::to_string(message->header.sequence_number));
      }
    }
    return lines;
  }
  void send(int messages) {
    for (int i = 0; i < messages; ++i) agent.send(PayloadType::kOutput, as_bytes("x"));
  }

  using Lines = std::vector<std::string>;
  TestClock clock;
  SteadyTime now{std::chrono::hours(1)};
  DataChannel agent{End::kAgent, {}, clock};
};

TEST_F(Traps, Trap12_AnAcknowledgementIsOfItsOwnNumberAlone) {
  send(3);
  EXPECT_EQ(written(), (Lines{"0", "1", "2"}));
  receive(ack(2));
  EXPECT_FALSE(agent.all_acknowledged());
  now += seconds(2);
  EXPECT_EQ(written(), (Lines{"0", "1"}));
}

TEST_F(Traps, Trap12_ProgressCountsOnlyBetweenEndsThatAgreed) {
  send(3);
  written();
  receive(ack(0, wire::Progress{2, 2}));
  EXPECT_FALSE(agent.all_acknowledged());
  EXPECT_EQ(agent.sender().kept_bytes(), 2 * (wire::kHeaderBytes + 1));
}

TEST_F(Traps, Trap13_DuplicatesAreAcknowledgedAgain) {
  receive(input(0));
  EXPECT_EQ(written(), (Lines{"a0"}));
  receive(input(0));
  EXPECT_EQ(written(), (Lines{"a0"}));
}

TEST_F(Traps, Trap14_AllPayloadTypesShareTheNumbersAndAcknowledgementsUseNone) {
  agent.send(PayloadType::kHandshakeRequest, as_bytes("{}"));
  receive(input(0, "{}", PayloadType::kSize));
  agent.send(PayloadType::kOutput, as_bytes("x"));
  agent.send(PayloadType::kExitCode, as_bytes("EXIT_CODE: 0"));
  EXPECT_EQ(written(), (Lines{"a0", "0", "1", "2"}));
  receive(input(1, "x"));
  receive(input(2, "\0\0\0\2", PayloadType::kFlag));
  EXPECT_EQ(agent.receiver().expected_number(), 3);
}

TEST_F(Traps, Trap15_HolesAreRepairedTogetherAndSilenceCostsTheOldestAlone) {
  send(100);
  EXPECT_EQ(written().size(), 100U);
  now += seconds(2);
  EXPECT_EQ(written().size(), static_cast<std::size_t>(Sender::kRepairMessages));
  now += seconds(2);
  EXPECT_EQ(written(), (Lines{"0"}));
  receive(ack(0));
  now += seconds(2);
  EXPECT_EQ(written().size(), static_cast<std::size_t>(Sender::kRepairMessages));
}

TEST_F(Traps, Trap17_AMessageIsKeptBeforeItIsWritten) {
  send(1);
  EXPECT_GT(agent.sender().kept_bytes(), 0U);
  const auto message = agent.poll(now);
  ASSERT_TRUE(message);
  receive(ack(0));
  EXPECT_TRUE(agent.all_acknowledged()) << "an answer within the same turn finds it";
}

TEST_F(Traps, Trap18_InputThatNobodyWantsIsAcknowledgedToo) {
  receive(input(0, "?", static_cast<PayloadType>(999)));
  EXPECT_EQ(written(), (Lines{"a0"}));
  EXPECT_EQ(agent.pop().type, static_cast<PayloadType>(999));
}

TEST_F(Traps, Trap19_WhatWasAcknowledgedOutOfOrderIsDeliveredInTheEnd) {
  receive(input(1, "b"));
  EXPECT_EQ(written(), (Lines{"a1"}));
  EXPECT_EQ(agent.front(), nullptr);
  receive(input(0, "a"));
  EXPECT_EQ(as_text(agent.pop().payload), "a");
  EXPECT_EQ(as_text(agent.pop().payload), "b");
}

TEST_F(Traps, Trap20_NumbersGoOnAfterAReconnect) {
  send(2);
  receive(input(0));
  written();
  receive(ack(0));
  agent.on_reconnect();
  send(1);
  EXPECT_EQ(written(), (Lines{"1", "2"}));
  receive(input(1));
  EXPECT_EQ(written(), (Lines{"a1"}));
}

TEST_F(Traps, Trap32_NothingFollowsHandshakeCompleteUntilTheClientSpeaks) {
  agent.send_then_hush(PayloadType::kHandshakeComplete, as_bytes("{}"), seconds(5));
  EXPECT_EQ(written(), (Lines{"0"}));
  send(1);
  EXPECT_EQ(written(), (Lines{}));
  receive(input(0));
  EXPECT_EQ(written(), (Lines{"a0", "1"}));
}

// A bad peer.

TEST_F(Traps, AcknowledgementsOfWhatWasNeverSentChangeNothing) {
  send(3);
  (void)agent.poll(now);
  for (const std::int64_t number : {std::int64_t{1}, std::int64_t{3}, INT64_MAX, std::int64_t{-1}, INT64_MIN})
    EXPECT_EQ(agent.on_message(ack(number), now).error(), ChannelError::kAcknowledgedUnsent) << number;
  EXPECT_EQ(agent.sender().kept_bytes(), 3 * (wire::kHeaderBytes + 1));
}

TEST_F(Traps, AReplayedChannelIsDeliveredOnce) {
  std::vector<Bytes> all;
  for (int i = 0; i < 100; ++i) all.push_back(input(i, std::to_string(i % 10)));
  for (int round = 0; round < 3; ++round) {
    for (const auto& message : all) receive(message);
  }
  int delivered = 0;
  for (; agent.front() != nullptr; ++delivered)
    EXPECT_EQ(as_text(agent.pop().payload), std::to_string(delivered % 10));
  EXPECT_EQ(delivered, 100);
}

class BadPeer : public Traps, public testing::WithParamInterface<bool> {
 protected:
  BadPeer() {
    if (GetParam()) agent.use_bulk();
  }
  static constexpr std::size_t kBound = ReceiverOptions{}.buffer_bytes + ReceiverOptions{}.queue_bytes;
};
INSTANTIATE_TEST_SUITE_P(OfficialAndBulk, BadPeer, testing::Bool());

TEST_P(BadPeer, NumbersFarAheadFillNothing) {
  const std::string block(64 * 1024, 'x');
  for (std::int64_t i = 1; i < 1000; ++i) receive(input(i * 1'000'000'007, block));
  receive(input(INT64_MAX, block));
  EXPECT_LE(agent.receiver().held_bytes(), kBound);
}

TEST_P(BadPeer, SmallMessagesAheadAreBoundedByTheirNumber) {
  for (std::int64_t i = 1; i < 30'000; ++i) receive(input(i * 2));
  EXPECT_LE(agent.receiver().held_bytes(), ReceiverOptions{}.buffer_messages);
}

TEST_P(BadPeer, AStoppedConsumerIsNotOverrun) {
  agent.set_ready(false);
  const std::string block(64 * 1024, 'x');
  for (std::int64_t i = 0; i < 1000; ++i) receive(input(i, block));
  EXPECT_LE(agent.receiver().held_bytes(), kBound);
}

TEST_P(BadPeer, AFloodOfDuplicatesIsAnsweredWithinBounds) {
  for (int i = 0; i < 100'000; ++i) receive(input(0));
  EXPECT_LE(written().size(), GetParam() ? 1U : 20'000U);
}

TEST_P(BadPeer, OneThatNeverAcknowledgesStopsTheProducer) {
  const Bytes block(60'000);
  for (int i = 0; i < 10'000 && agent.can_send(); ++i) {
    agent.send(PayloadType::kOutput, block);
    written();
  }
  EXPECT_FALSE(agent.can_send());
  const auto window = GetParam() ? DataChannel::kBulkWindowBytes : SenderOptions{}.window_bytes;
  EXPECT_LE(agent.sender().kept_bytes(), window + block.size() + wire::kHeaderBytes);
}

}  // namespace
}  // namespace postern::channel

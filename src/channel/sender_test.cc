#include "channel/sender.h"

#include <gtest/gtest.h>

#include "channel/test_clock.h"

namespace postern::channel {
namespace {

using std::chrono::milliseconds;

class SenderTest : public testing::Test {
 protected:
  explicit SenderTest(SenderOptions options = {})
      : sender(wire::MessageType::kOutputStreamData, options, clock) {}

  void send(int count = 1) {
    for (int i = 0; i < count; ++i) sender.send(wire::PayloadType::kOutput, as_bytes("x"));
  }
  /// The numbers of all messages due at `ms`.
  std::vector<std::int64_t> written(int ms) {
    std::vector<std::int64_t> numbers;
    while (const auto message = sender.poll(at(ms)))
      numbers.push_back(wire::parse(*message)->header.sequence_number);
    return numbers;
  }
  auto ack(std::int64_t number, int ms) { return sender.on_acknowledge(number, at(ms)); }
  static SteadyTime at(int ms) { return SteadyTime(std::chrono::hours(1)) + milliseconds(ms); }

  using Numbers = std::vector<std::int64_t>;
  TestClock clock;
  Sender sender;
};

TEST_F(SenderTest, WritesEachMessageOnceInOrder) {
  send(3);
  EXPECT_EQ(written(0), (Numbers{0, 1, 2}));
  EXPECT_EQ(written(1), Numbers{});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ack(i, 10), Sender::AckResult::kAcknowledged);
  EXPECT_TRUE(sender.all_acknowledged());
  EXPECT_EQ(sender.kept_bytes(), 0u);
  EXPECT_EQ(sender.next_wakeup(), std::nullopt);
}

TEST_F(SenderTest, SetsSynOnTheFirstOutputOnly) {
  send(2);
  EXPECT_EQ(wire::parse(*sender.poll(at(0)))->header.flags, wire::kFlagSyn);
  EXPECT_EQ(wire::parse(*sender.poll(at(0)))->header.flags, 0u);
}

TEST_F(SenderTest, RepeatsTheOldestAloneWhileNobodyAnswers) {
  send(100);
  EXPECT_EQ(written(0).size(), 100u);
  EXPECT_EQ(sender.next_wakeup(), at(200));
  EXPECT_EQ(written(199), Numbers{});
  // The first round repairs what it can; then the timeout doubles and the head goes alone.
  EXPECT_EQ(written(200).size(), 64u);
  EXPECT_EQ(written(599), Numbers{});
  EXPECT_EQ(written(600), Numbers{0});
  EXPECT_EQ(written(1399), Numbers{});
  EXPECT_EQ(written(1400), Numbers{0});
  EXPECT_EQ(sender.next_wakeup(), at(2400));
  EXPECT_EQ(written(2400), Numbers{0});
  EXPECT_EQ(written(3400), Numbers{0});
}

TEST_F(SenderTest, RepairsHolesTogetherWhileAcknowledgementsCome) {
  send(5);
  written(0);
  EXPECT_EQ(ack(1, 10), Sender::AckResult::kAcknowledged);
  EXPECT_EQ(ack(3, 10), Sender::AckResult::kAcknowledged);
  EXPECT_EQ(written(400), (Numbers{0, 2, 4}));
  EXPECT_EQ(sender.repetitions(), 3u);
}

TEST_F(SenderTest, RepeatsTheSameBytes) {
  send();
  const auto first = sender.poll(at(0));
  const Bytes copy(first->begin(), first->end());
  const auto second = sender.poll(at(500));
  ASSERT_TRUE(second);
  EXPECT_EQ(Bytes(second->begin(), second->end()), copy);
}

TEST_F(SenderTest, TellsWhatAnAcknowledgementMeans) {
  send(2);
  EXPECT_EQ(ack(0, 0), Sender::AckResult::kNeverSent) << "numbered but not yet written";
  written(0);
  EXPECT_EQ(ack(0, 1), Sender::AckResult::kAcknowledged);
  EXPECT_EQ(ack(0, 1), Sender::AckResult::kRepeated);
  EXPECT_EQ(ack(2, 1), Sender::AckResult::kNeverSent);
  EXPECT_EQ(ack(-1, 1), Sender::AckResult::kNeverSent);
  EXPECT_EQ(ack(INT64_MAX, 1), Sender::AckResult::kNeverSent);
  EXPECT_EQ(ack(INT64_MIN, 1), Sender::AckResult::kNeverSent);
}

TEST_F(SenderTest, WritesEverythingUnacknowledgedAfterAReconnect) {
  send(4);
  written(0);
  ack(1, 5);
  sender.on_reconnect();
  EXPECT_EQ(ack(2, 6), Sender::AckResult::kAcknowledged) << "the answer to the first connection's copy";
  send();
  EXPECT_EQ(written(7), (Numbers{0, 3, 4}));
}

TEST_F(SenderTest, StaysSilentWhilePaused) {
  send();
  written(0);
  sender.pause();
  send();
  EXPECT_EQ(written(5000), Numbers{});
  EXPECT_EQ(sender.next_wakeup(), std::nullopt);
  sender.resume();
  EXPECT_EQ(written(5000), (Numbers{0, 1}));
  sender.pause();
  sender.on_reconnect();
  EXPECT_FALSE(sender.paused());
}

TEST(Sender, BoundsItsWindowInBytesAndNumbers) {
  TestClock clock;
  SenderOptions options;
  options.window_bytes = 1000;
  options.window_messages = 3;
  Sender sender(wire::MessageType::kInputStreamData, options, clock);
  EXPECT_TRUE(sender.can_send());
  sender.send(wire::PayloadType::kOutput, Bytes(900));
  EXPECT_FALSE(sender.can_send()) << "payload and header reach the limit";
  const SteadyTime now{};
  while (sender.poll(now)) {
  }
  sender.on_acknowledge(0, now);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(sender.can_send());
    sender.send(wire::PayloadType::kOutput, as_bytes("x"));
  }
  EXPECT_FALSE(sender.can_send());
  while (sender.poll(now)) {
  }
  sender.on_acknowledge(2, now);
  EXPECT_FALSE(sender.can_send()) << "the peer may still be buffering behind the first";
  sender.on_acknowledge(1, now);
  EXPECT_TRUE(sender.can_send());
}

TEST(Sender, HoldsTheSecondMessageForAClientThatIsNotReady) {
  TestClock clock;
  SenderOptions options;
  options.gap_after_first = milliseconds(50);
  for (const bool acknowledged : {false, true}) {
    Sender sender(wire::MessageType::kOutputStreamData, options, clock);
    for (int i = 0; i < 3; ++i) sender.send(wire::PayloadType::kOutput, as_bytes("x"));
    const SteadyTime start(std::chrono::hours(1));
    EXPECT_TRUE(sender.poll(start));
    EXPECT_FALSE(sender.poll(start + milliseconds(49)));
    EXPECT_EQ(sender.next_wakeup(), start + milliseconds(50));
    if (acknowledged) sender.on_acknowledge(0, start + milliseconds(10));
    EXPECT_TRUE(sender.poll(start + milliseconds(acknowledged ? 10 : 50)));
    EXPECT_TRUE(sender.poll(start + milliseconds(acknowledged ? 10 : 50)));
  }
}

// The table of data-channel.md section 11.
TEST(RttEstimator, FollowsTheProtocol) {
  RttEstimator rtt;
  const auto timeout_ms = [&rtt] { return std::chrono::duration<double, std::milli>(rtt.timeout()).count(); };
  EXPECT_NEAR(timeout_ms(), 200, 1e-3);
  const std::pair<int, double> rows[] = {{30, 161.25}, {30, 197.3438}, {250, 356.1133}};
  for (const auto& [sample, expected] : rows) {
    rtt.on_sample(milliseconds(sample));
    EXPECT_NEAR(timeout_ms(), expected, 1e-3) << sample;
  }
  rtt.on_sample(std::chrono::hours(1));
  EXPECT_NEAR(timeout_ms(), 1000, 1e-3);
}

TEST(Sender, SendsWhatWasPreparedInPlaceOrCopied) {
  TestClock clock;
  Sender sender(wire::MessageType::kOutputStreamData, {}, clock);
  for (const std::size_t size : {1000U, 10U}) {
    const auto room = sender.prepare(1000);
    ASSERT_EQ(room.size(), 1000U);
    std::ranges::fill(room, std::uint8_t{7});
    sender.send_prepared(wire::PayloadType::kOutput, size);
    const auto message = wire::parse(sender.poll(SteadyTime{std::chrono::hours(1)}).value());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload.size(), size);
    EXPECT_TRUE(wire::digest_matches(*message));
    EXPECT_EQ(message->payload.back(), 7);
  }
  EXPECT_EQ(sender.next_number(), 2);
}

}  // namespace
}  // namespace postern::channel

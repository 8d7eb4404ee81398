#include "channel/receiver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "wire/messages.h"

namespace postern::channel {
namespace {

using Receipt = Receiver::Receipt;

class ReceiverTest : public testing::Test {
 protected:
  explicit ReceiverTest(ReceiverOptions options = {}) : receiver(options) {}

  Receipt receive(std::int64_t number, std::string_view payload = "x") {
    const auto bytes =
        wire::make_stream_message(wire::Stamp::fresh(Timestamp{}), wire::MessageType::kInputStreamData,
                                  number, wire::PayloadType::kOutput, as_bytes(payload));
    return receiver.on_message(*wire::parse(bytes));
  }
  std::vector<std::int64_t> acks() {
    std::vector<std::int64_t> numbers;
    while (const auto ack = receiver.take_ack()) numbers.push_back(ack->number);
    return numbers;
  }
  std::string taken() {
    std::string text;
    while (receiver.front() != nullptr) text += as_text(receiver.pop().payload);
    return text;
  }

  using Numbers = std::vector<std::int64_t>;
  Receiver receiver;
};

TEST_F(ReceiverTest, DeliversAndAcknowledgesInOrder) {
  EXPECT_EQ(receive(0, "a"), Receipt::kDelivered);
  EXPECT_EQ(receive(1, "b"), Receipt::kDelivered);
  EXPECT_EQ(acks(), (Numbers{0, 1}));
  EXPECT_EQ(taken(), "ab");
  EXPECT_EQ(receiver.held_bytes(), 0u);
}

TEST_F(ReceiverTest, AcknowledgesDuplicatesAgainButDeliversOnce) {
  receive(0, "a");
  EXPECT_EQ(receive(0, "a"), Receipt::kDuplicate);
  EXPECT_EQ(acks(), (Numbers{0, 0}));
  EXPECT_EQ(receive(-5), Receipt::kDuplicate);
  EXPECT_EQ(taken(), "a");
}

TEST_F(ReceiverTest, BuffersAndAcknowledgesAheadOfAMissingMessage) {
  EXPECT_EQ(receive(2, "c"), Receipt::kBuffered);
  EXPECT_EQ(receive(1, "b"), Receipt::kBuffered);
  EXPECT_EQ(receive(2, "c"), Receipt::kDuplicate);
  EXPECT_EQ(acks(), (Numbers{2, 1, 2}));
  EXPECT_EQ(taken(), "");
  EXPECT_EQ(receive(0, "a"), Receipt::kDelivered);
  EXPECT_EQ(acks(), (Numbers{0}));
  EXPECT_EQ(taken(), "abc");
}

TEST_F(ReceiverTest, NeitherAcknowledgesNorAdvancesUntilReady) {
  receiver.set_ready(false);
  EXPECT_EQ(receive(0, "a"), Receipt::kBuffered);
  EXPECT_EQ(receive(1, "b"), Receipt::kBuffered);
  EXPECT_EQ(receive(0, "a"), Receipt::kDuplicate);
  EXPECT_EQ(acks(), Numbers{});
  EXPECT_EQ(receiver.expected_number(), 0);
  receiver.set_ready(true);
  EXPECT_EQ(acks(), (Numbers{0, 1}));
  EXPECT_EQ(taken(), "ab");
}

ReceiverOptions small() {
  ReceiverOptions options;
  options.queue_bytes = 4;
  options.buffer_bytes = 6;
  options.buffer_messages = 4;
  return options;
}

class SmallReceiverTest : public ReceiverTest {
 protected:
  SmallReceiverTest() : ReceiverTest(small()) {}
};

TEST_F(SmallReceiverTest, StopsAcknowledgingWhenTheConsumerFallsBehind) {
  EXPECT_EQ(receive(0, "aaaa"), Receipt::kDelivered);
  EXPECT_EQ(receive(1, "bbb"), Receipt::kBuffered);
  EXPECT_EQ(receive(2, "ccc"), Receipt::kBuffered);
  EXPECT_EQ(receive(3, "d"), Receipt::kDropped);
  EXPECT_EQ(acks(), (Numbers{0}));
  EXPECT_EQ(receiver.held_bytes(), 10u);
  EXPECT_EQ(as_text(receiver.pop().payload), "aaaa");
  EXPECT_EQ(acks(), (Numbers{1}));
  EXPECT_EQ(taken(), "bbbccc");
  EXPECT_EQ(receive(3, "d"), Receipt::kDelivered);
}

TEST_F(SmallReceiverTest, TakesOneMessageOfAnySize) {
  EXPECT_EQ(receive(0, std::string(1'000'000, 'x')), Receipt::kDelivered);
  EXPECT_EQ(receive(1, std::string(1'000'000, 'x')), Receipt::kDropped);
}

TEST_F(SmallReceiverTest, BoundsTheReorderBuffer) {
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(receive(i, "x"), Receipt::kBuffered);
  EXPECT_EQ(receive(5, "x"), Receipt::kDropped);
  EXPECT_EQ(receive(INT64_MAX, "x"), Receipt::kDropped);
  EXPECT_EQ(receive(0, "x"), Receipt::kDelivered) << "a full buffer may not refuse what empties it";
  EXPECT_EQ(taken(), "xxxxx");
}

TEST_F(ReceiverTest, BoundsUnwrittenAcknowledgements) {
  receive(0);
  for (int i = 0; i < 100'000; ++i) receive(0);
  EXPECT_LE(acks().size(), 20'000u);
}

class TastingConsumer final : public PayloadConsumer {
 public:
  std::size_t on_payload(wire::PayloadType, ByteView payload) override {
    const auto size = std::min(payload.size(), appetite);
    eaten += as_text(payload.first(size));
    last_at = payload.data();
    if (meanwhile) meanwhile();
    return size;
  }
  std::size_t appetite = SIZE_MAX;
  std::string eaten;
  const std::uint8_t* last_at = nullptr;
  std::function<void()> meanwhile;
};

TEST_F(ReceiverTest, AConsumerTakesWhatIsNextWhereItLies) {
  TastingConsumer consumer;
  receiver.set_consumer(&consumer);
  const auto bytes =
      wire::make_stream_message(wire::Stamp::fresh(Timestamp{}), wire::MessageType::kInputStreamData, 0,
                                wire::PayloadType::kOutput, as_bytes("a"));
  EXPECT_EQ(receiver.on_message(*wire::parse(bytes)), Receipt::kDelivered);
  EXPECT_EQ(consumer.last_at, bytes.data() + wire::kHeaderBytes);
  EXPECT_EQ(receive(0, "a"), Receipt::kDuplicate);
  EXPECT_EQ(receive(1, "b"), Receipt::kDelivered);
  EXPECT_EQ(consumer.eaten, "ab");
  EXPECT_EQ(receiver.front(), nullptr);
  EXPECT_EQ(receiver.held_bytes(), 0U);
  EXPECT_EQ(acks(), (Numbers{0, 0, 1}));
}

TEST_F(ReceiverTest, WhatTheConsumerLeavesGoesThroughTheQueueAndTheRestBehindIt) {
  TastingConsumer consumer;
  consumer.appetite = 2;
  receiver.set_consumer(&consumer);
  receive(0, "abc");
  receive(1, "def");
  EXPECT_EQ(consumer.eaten, "ab");
  EXPECT_EQ(taken(), "cdef");
  receive(2, "g");
  EXPECT_EQ(consumer.eaten, "abg") << "in place again once the queue is empty";
}

TEST_F(ReceiverTest, TheConsumerGetsNothingAheadOfAMissingMessageOrWhileStopped) {
  TastingConsumer consumer;
  receiver.set_consumer(&consumer);
  receive(1, "b");
  EXPECT_EQ(consumer.eaten, "");
  receive(0, "a");
  EXPECT_EQ(consumer.eaten, "a");
  EXPECT_EQ(taken(), "b");
  receiver.set_ready(false);
  receive(2, "c");
  EXPECT_EQ(consumer.eaten, "a");
  receiver.set_ready(true);
  EXPECT_EQ(taken(), "c");
}

TEST_F(ReceiverTest, NothingOvertakesAPayloadThatTheConsumerIsLookingAt) {
  TastingConsumer consumer;
  consumer.appetite = 1;
  consumer.meanwhile = [this] { receiver.set_ready(true); };
  receiver.set_consumer(&consumer);
  receive(1, "cd");
  receive(0, "ab");
  EXPECT_EQ(consumer.eaten, "a");
  EXPECT_EQ(taken(), "bcd");
}

}  // namespace
}  // namespace postern::channel

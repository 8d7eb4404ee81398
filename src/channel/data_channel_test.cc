#include "channel/data_channel.h"

#include <gtest/gtest.h>

#include <functional>

#include "channel/test_clock.h"

namespace postern::channel {
namespace {

using std::chrono::milliseconds;
using wire::MessageType;
using wire::PayloadType;

const SteadyTime kStart{std::chrono::hours(1)};
const wire::Stamp kStamp = wire::Stamp::fresh(from_unix_micros(1'000'000));

class DataChannelTest : public testing::Test {
 protected:
  Bytes input(std::int64_t number, std::string_view payload = "x") {
    return wire::make_stream_message(kStamp, MessageType::kInputStreamData, number, PayloadType::kOutput,
                                     as_bytes(payload));
  }
  Bytes ack(std::int64_t number) {
    return wire::make_acknowledge(kStamp, MessageType::kOutputStreamData, kStamp.message_id, number);
  }
  std::vector<std::string> written(SteadyTime now = kStart) {
    std::vector<std::string> types;
    while (const auto message = agent.poll(now)) types.emplace_back(wire::parse(*message)->type_name);
    return types;
  }

  using Types = std::vector<std::string>;
  TestClock clock;
  DataChannel agent{End::kAgent, {}, clock};
};

TEST_F(DataChannelTest, AcknowledgesBeforeItSends) {
  agent.send(PayloadType::kOutput, as_bytes("out"));
  ASSERT_TRUE(agent.on_message(input(0, "in"), kStart));
  EXPECT_EQ(written(), (Types{"acknowledge", "output_stream_data"}));
  EXPECT_EQ(as_text(agent.pop().payload), "in");
  ASSERT_TRUE(agent.on_message(ack(0), kStart));
  EXPECT_TRUE(agent.all_acknowledged());
}

TEST_F(DataChannelTest, NamesTheAcknowledgedMessage) {
  ASSERT_TRUE(agent.on_message(input(0), kStart));
  const auto bytes = agent.poll(kStart + DataChannel::kAckDelay);
  const auto message = wire::parse(*bytes);
  const auto body = decode_json_text<wire::Acknowledge>(as_text(message->payload));
  EXPECT_EQ(body->acknowledged_message_type, "input_stream_data");
  EXPECT_EQ(body->acknowledged_message_id, kStamp.message_id.to_string());
  EXPECT_EQ(body->acknowledged_message_sequence_number, 0);
}

TEST_F(DataChannelTest, ReportsWhatItCannotUse) {
  auto damaged = input(0);
  damaged.back() ^= 1;
  wire::MessageHeader header;
  header.type = MessageType::kAcknowledge;
  header.stamp = kStamp;
  const struct {
    Bytes message;
    ChannelError error;
  } cases[] = {
      {Bytes(50), ChannelError::kMalformedMessage},
      {damaged, ChannelError::kWrongDigest},
      {wire::serialize(header, as_bytes("{}")), ChannelError::kMalformedPayload},
      {ack(0), ChannelError::kAcknowledgedUnsent},
  };
  for (const auto& [message, error] : cases) {
    const auto result = agent.on_message(message, kStart);
    ASSERT_FALSE(result) << to_string(error);
    EXPECT_EQ(result.error(), error) << to_string(result.error());
  }
  EXPECT_EQ(written(), Types{}) << "nothing of that is acknowledged";
}

TEST_F(DataChannelTest, IgnoresWhatIsForOthers) {
  EXPECT_TRUE(agent.on_message(wire::make_agent_session_state(kStamp, "Connected", "s"), kStart));
  EXPECT_TRUE(agent.on_message(wire::make_stream_message(kStamp, MessageType::kOutputStreamData, 0,
                                                         PayloadType::kOutput, as_bytes("x")),
                               kStart));
  EXPECT_EQ(written(), Types{});
  EXPECT_EQ(agent.front(), nullptr);
}

TEST_F(DataChannelTest, PausesUntilTheClientIsHeardOf) {
  const std::pair<const char*, std::function<void()>> ends[] = {
      {"start_publication",
       [&] { EXPECT_TRUE(agent.on_message(wire::make_start_publication(kStamp, "s"), kStart)); }},
      {"input", [&] { EXPECT_TRUE(agent.on_message(input(0), kStart)); }},
      {"even a bad acknowledgement", [&] { EXPECT_FALSE(agent.on_message(ack(77), kStart)); }},
      {"reconnect", [&] { agent.on_reconnect(); }},
  };
  for (const auto& [what, end] : ends) {
    ASSERT_TRUE(agent.on_message(wire::make_pause_publication(kStamp, "s"), kStart));
    EXPECT_TRUE(agent.paused());
    EXPECT_FALSE(agent.can_send());
    end();
    EXPECT_FALSE(agent.paused()) << what;
    EXPECT_TRUE(agent.can_send());
  }
}

TEST_F(DataChannelTest, ClientHasNoPause) {
  DataChannel client(End::kClient, {}, clock);
  ASSERT_TRUE(client.on_message(wire::make_pause_publication(kStamp, "s"), kStart));
  EXPECT_FALSE(client.paused());
}

TEST_F(DataChannelTest, TellsTheReasonOfAClose) {
  ASSERT_TRUE(agent.on_message(wire::make_channel_closed(kStamp, "mi-1", "s", "idle for too long"), kStart));
  ASSERT_TRUE(agent.closed());
  EXPECT_EQ(*agent.closed()->output, "idle for too long");
}

TEST_F(DataChannelTest, EndsOnAnUnreadableClose) {
  wire::MessageHeader header;
  header.type = MessageType::kChannelClosed;
  header.stamp = kStamp;
  EXPECT_FALSE(agent.on_message(wire::serialize(header, as_bytes("[]")), kStart));
  EXPECT_TRUE(agent.closed());
}

TEST_F(DataChannelTest, IsSilentAfterTheHandshakeUntilTheClientSpeaks) {
  ASSERT_TRUE(agent.on_message(input(0, "response"), kStart));
  agent.send_then_hush(PayloadType::kHandshakeComplete, as_bytes("{}"), milliseconds(100));
  agent.send(PayloadType::kOutput, as_bytes("early"));
  EXPECT_EQ(written(), (Types{"acknowledge", "output_stream_data"}));
  EXPECT_EQ(written(kStart + milliseconds(99)), Types{});
  EXPECT_EQ(agent.next_wakeup(), kStart + milliseconds(100));
  EXPECT_EQ(written(kStart + milliseconds(100)), (Types{"output_stream_data"}));
}

TEST_F(DataChannelTest, TheClientsFirstMessageEndsTheSilence) {
  agent.send_then_hush(PayloadType::kHandshakeComplete, as_bytes("{}"), milliseconds(100));
  EXPECT_EQ(written().size(), 1u);
  ASSERT_TRUE(agent.on_message(input(0), kStart));
  EXPECT_EQ(written(kStart + DataChannel::kAckDelay), (Types{"acknowledge"}));
}

TEST_F(DataChannelTest, AnAcknowledgementWaitsALittleForCompany) {
  ASSERT_TRUE(agent.on_message(input(0), kStart));
  EXPECT_EQ(written(), Types{});
  EXPECT_EQ(agent.next_wakeup(), kStart + DataChannel::kAckDelay);
  ASSERT_TRUE(agent.on_message(input(1), kStart + milliseconds(1)));
  EXPECT_EQ(written(kStart + milliseconds(1)), Types{});
  EXPECT_EQ(written(kStart + DataChannel::kAckDelay), (Types{"acknowledge", "acknowledge"}));
  EXPECT_EQ(agent.next_wakeup(), std::nullopt);
}

TEST_F(DataChannelTest, AcknowledgementsOfABurstDoNotWait) {
  for (std::size_t i = 0; i < DataChannel::kAckBatch; ++i) {
    EXPECT_EQ(written(), Types{});
    ASSERT_TRUE(agent.on_message(input(static_cast<std::int64_t>(i)), kStart));
  }
  EXPECT_EQ(agent.next_wakeup(), SteadyTime::min());
  EXPECT_EQ(written().size(), DataChannel::kAckBatch);
}

TEST(DataChannel, KeepsTheServicesNoticeForThePersonOnce) {
  TestClock clock;
  DataChannel client(End::kClient, {}, clock);
  const auto notice =
      wire::make_session_notice(wire::Stamp::fresh(clock.now()), "alice-1", "Ends in a minute.");
  ASSERT_TRUE(client.on_message(notice, SteadyTime{}));
  EXPECT_EQ(client.take_notice(), "Ends in a minute.");
  EXPECT_EQ(client.take_notice(), std::nullopt);
}

}  // namespace
}  // namespace postern::channel

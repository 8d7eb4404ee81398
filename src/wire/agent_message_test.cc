#include "wire/agent_message.h"

#include <gtest/gtest.h>

#include <functional>

namespace postern::wire {
namespace {

Bytes good_message() {
  MessageHeader header;
  header.type = MessageType::kInputStreamData;
  header.sequence_number = 7;
  header.flags = kFlagSyn;
  header.payload_type = PayloadType::kOutput;
  header.stamp = {*Uuid::parse("dd01e56b-ff48-483e-a508-b5f073f31b16"), 1503434274948};
  return serialize(header, as_bytes("ls\r"));
}

void set_type(Bytes& message, std::string_view type, char padding) {
  std::fill_n(message.begin() + 4, kMessageTypeBytes, static_cast<std::uint8_t>(padding));
  std::copy(type.begin(), type.end(), message.begin() + 4);
}

TEST(AgentMessage, GivesViewsIntoTheMessage) {
  const auto bytes = good_message();
  const auto message = parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header.type, MessageType::kInputStreamData);
  EXPECT_EQ(message->type_name, "input_stream_data");
  EXPECT_EQ(message->header.sequence_number, 7);
  EXPECT_EQ(message->header.flags, kFlagSyn);
  EXPECT_EQ(message->header.payload_type, PayloadType::kOutput);
  EXPECT_EQ(message->header.stamp.message_id.to_string(), "dd01e56b-ff48-483e-a508-b5f073f31b16");
  EXPECT_EQ(message->payload.data(), bytes.data() + kHeaderBytes);
  EXPECT_EQ(as_text(message->payload), "ls\r");
}

TEST(AgentMessage, NamesWhatIsWrong) {
  const struct {
    const char* what;
    std::function<void(Bytes&)> spoil;
    ParseError error;
  } cases[] = {
      {"empty", [](Bytes& m) { m.clear(); }, ParseError::kTooShort},
      // Official parsers panic on these.
      {"116 bytes", [](Bytes& m) { m.resize(116); }, ParseError::kTooShort},
      {"119 bytes", [](Bytes& m) { m.resize(119); }, ParseError::kTooShort},
      {"HeaderLength past the end", [](Bytes& m) { m[0] = 1; }, ParseError::kBadHeaderLength},
      {"HeaderLength 120", [](Bytes& m) { m[3] = 120; }, ParseError::kBadHeaderLength},
      {"HeaderLength 0", [](Bytes& m) { m[3] = 0; }, ParseError::kBadHeaderLength},
      {"payload cut", [](Bytes& m) { m.pop_back(); }, ParseError::kWrongPayloadLength},
      {"payload too long", [](Bytes& m) { m.push_back(0); }, ParseError::kWrongPayloadLength},
      {"blank type", [](Bytes& m) { set_type(m, "", ' '); }, ParseError::kNoMessageType},
      {"NUL type", [](Bytes& m) { set_type(m, "", '\0'); }, ParseError::kNoMessageType},
      {"no date", [](Bytes& m) { std::fill_n(m.begin() + 40, 8, std::uint8_t{0}); },
       ParseError::kNoCreatedDate},
  };
  for (const auto& [what, spoil, error] : cases) {
    auto bytes = good_message();
    spoil(bytes);
    const auto message = parse(bytes);
    ASSERT_FALSE(message) << what;
    EXPECT_EQ(message.error(), error) << what << ": " << to_string(message.error());
  }
}

TEST(AgentMessage, AcceptsBothPaddingsAndUnknownTypes) {
  auto bytes = good_message();
  set_type(bytes, "acknowledge", '\0');
  EXPECT_EQ(parse(bytes)->header.type, MessageType::kAcknowledge);
  set_type(bytes, "something_new", ' ');
  const auto message = parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header.type, MessageType::kUnknown);
  EXPECT_EQ(message->type_name, "something_new");
  set_type(bytes, "a_name_that_fills_all_32_bytes__", ' ');
  EXPECT_EQ(parse(bytes)->type_name.size(), kMessageTypeBytes);
}

TEST(AgentMessage, CarriesAnEmptyPayload) {
  MessageHeader header;
  header.type = MessageType::kStartPublication;
  header.stamp = Stamp::fresh(Timestamp{});
  const auto bytes = serialize(header, {});
  ASSERT_EQ(bytes.size(), kHeaderBytes);
  const auto message = parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->payload.empty());
  EXPECT_TRUE(digest_matches(*message));
}

TEST(AgentMessage, PeekAgreesWithParse) {
  const auto bytes = good_message();
  const auto seen = peek(ByteView(bytes).first(kHeaderBytes));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->type, MessageType::kInputStreamData);
  EXPECT_EQ(seen->sequence_number, 7);
  EXPECT_EQ(seen->payload_type, PayloadType::kOutput);
  EXPECT_EQ(peek(ByteView(bytes).first(kHeaderBytes - 1)).error(), ParseError::kTooShort);
}

// Each bit flipped: the message is refused, or its parse shows the difference, or the digest does.
TEST(AgentMessage, NoticesEveryFlippedBit) {
  const auto good = good_message();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    const auto message = parse(bytes);
    if (!message || message->header.type == MessageType::kUnknown) continue;
    // The last blank became NUL, which is padding as well.
    if (bit / 8 == 35 && bytes[35] == 0) continue;
    EXPECT_TRUE(!digest_matches(*message) || serialize(message->header, message->payload) != good)
        << "bit " << bit;
  }
}

TEST(AgentMessage, RefusesEveryTruncation) {
  const auto good = good_message();
  for (std::size_t length = 0; length < good.size(); ++length) {
    // A copy of its own, so that AddressSanitizer sees a read past the end.
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(parse(cut)) << length;
  }
}

TEST(Stamp, IsNeverZero) {
  EXPECT_EQ(Stamp::fresh(from_unix_micros(-5)).created_millis, 1u);
}

}  // namespace
}  // namespace postern::wire

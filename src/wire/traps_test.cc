// The traps of data-channel.md section 10 that bytes fall into, by number.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "wire/messages.h"

namespace postern::wire {
namespace {

const Stamp kStamp{*Uuid::parse("dd01e56b-ff48-483e-a508-b5f073f31b16"), 1'503'434'274'948};

Bytes message(std::string_view payload = "ls\r") {
  return make_stream_message(kStamp, MessageType::kInputStreamData, 2, PayloadType::kOutput,
                             as_bytes(payload));
}
std::string hex(const Bytes& bytes, std::size_t at, std::size_t size) {
  return to_hex(ByteView(bytes).subspan(at, size));
}

TEST(Traps, Trap01AndControlPlaneTrap16_TheHalvesOfTheMessageIdAreSwappedOnTheWireOnly) {
  EXPECT_EQ(hex(message(), 64, 16), "a508b5f073f31b16dd01e56bff48483e");
  EXPECT_EQ(parse(message())->header.stamp.message_id, kStamp.message_id);
  const auto ack = make_acknowledge(kStamp, MessageType::kInputStreamData, kStamp.message_id, 2);
  EXPECT_NE(as_text(parse(ack)->payload).find("dd01e56b-ff48-483e-a508-b5f073f31b16"),
            std::string_view::npos);
}

TEST(Traps, Trap02AndControlPlaneTrap17_HeaderLengthIs116AndThePayloadIsAt120) {
  EXPECT_EQ(hex(message(), 0, 4), "00000074");
  EXPECT_EQ(as_text(ByteView(message()).subspan(120)), "ls\r");
}

TEST(Traps, Trap03AndControlPlaneTrap17_TheTypeIsPaddedWithBlanksAndReadWithEitherPadding) {
  auto bytes = message();
  EXPECT_EQ(bytes[4 + 31], ' ');
  std::replace(bytes.begin() + 4, bytes.begin() + 36, std::uint8_t{' '}, std::uint8_t{0});
  EXPECT_EQ(parse(bytes)->header.type, MessageType::kInputStreamData);
}

TEST(Traps, Trap04_BothLengthsAreCheckedAndNoSizeHangs) {
  auto bytes = message();
  for (std::size_t size = 116; size < 120; ++size)
    EXPECT_EQ(parse(ByteView(bytes).first(size)).error(), ParseError::kTooShort);
  bytes[119] ^= 1;
  EXPECT_EQ(parse(bytes).error(), ParseError::kWrongPayloadLength);
  bytes[119] ^= 1;
  bytes[3] = 120;
  EXPECT_EQ(parse(bytes).error(), ParseError::kBadHeaderLength);
}

TEST(Traps, Trap05_TheDateIsInMillisecondsAndNever0) {
  EXPECT_EQ(hex(message(), 40, 8), "0000015e0baa7884");
  EXPECT_NE(Stamp::fresh(Timestamp{}).created_millis, 0U);
}

TEST(Traps, Trap06_TheDigestIsThatOfTheBytesAsSent) {
  auto bytes = message();
  EXPECT_TRUE(digest_matches(*parse(bytes)));
  bytes.back() ^= 1;
  EXPECT_FALSE(digest_matches(*parse(bytes)));
}

TEST(Traps, Trap07_AMessageWithoutContentCarriesBraces) {
  EXPECT_EQ(as_text(parse(make_data_channel_ready(kStamp))->payload), "{}");
  EXPECT_EQ(as_text(parse(make_control_channel_ready(kStamp))->payload), "{}");
}

TEST(Traps, Trap59_ChannelClosedHasANumberForItsVersionAndATextForItsDate) {
  const auto closed = make_channel_closed(kStamp, "mi-1", "s", "");
  const auto body = as_text(parse(closed)->payload);
  EXPECT_NE(body.find(R"("SchemaVersion":1,)"), std::string_view::npos) << body;
  EXPECT_NE(body.find(R"("CreatedDate":"1503434274948")"), std::string_view::npos) << body;
}

// One arrives for each message sent, so it has a short way; both must agree.
TEST(Acknowledge, IsReadTheShortWayOrAsJson) {
  const auto read = [](std::string_view text) { return decode_acknowledge(text); };
  const auto written = [](std::int64_t number, std::optional<Progress> progress) {
    const auto bytes =
        make_acknowledge(kStamp, MessageType::kOutputStreamData, kStamp.message_id, number, progress);
    return std::string(as_text(parse(bytes)->payload));
  };
  const AcknowledgedNumbers numbers[] = {
      {0, {}},
      {INT64_MAX, {}},
      {7, Progress{-1, -1, false, false}},
      {7, Progress{5, 9, true, false}},
      {7, Progress{5, 9, false, true}},
      {7, Progress{5, 9, true, true}},
  };
  for (const auto& expected : numbers) {
    const auto text = written(expected.number, expected.progress);
    EXPECT_EQ(read(text), expected) << text;
    const auto body = decode_json_text<Acknowledge>(text);
    ASSERT_TRUE(body) << text;
    EXPECT_EQ(encode_json_text(*body), text) << "as the described struct would be written";
    // In another order and with blanks only JSON helps.
    auto blanks = text;
    blanks.insert(1, " ");
    EXPECT_EQ(read(blanks), expected);
  }
  for (std::size_t size = 0; size < written(7, Progress{5, 9, true, true}).size(); ++size)
    EXPECT_FALSE(read(std::string_view(written(7, Progress{5, 9, true, true})).substr(0, size))) << size;
  const std::string good = written(12, {});
  for (const auto* number : {"012", "1.5", "9223372036854775808", "\"12\"", "+12", "", "-"}) {
    auto text = good;
    text.replace(text.find("12,"), 2, number);
    EXPECT_FALSE(read(text)) << text;
  }
}

}  // namespace
}  // namespace postern::wire

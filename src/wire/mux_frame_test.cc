#include "wire/mux_frame.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace postern::wire {
namespace {

// The frames of data-channel.md V10: SYN and PSH of stream 3 with `GET`, as an official client sends them.
constexpr const char* kV10Frames = "01000000030000000102030003000000474554";

std::array<std::uint8_t, kMuxHeaderBytes> header(std::uint8_t version, std::uint8_t command,
                                                 std::uint16_t length, std::uint32_t id = 3) {
  std::array<std::uint8_t, kMuxHeaderBytes> bytes;
  write_mux_header({static_cast<MuxCommand>(command), length, id}, bytes);
  bytes[0] = version;
  return bytes;
}

/// What a stream parses to: `COMMAND ID DATA` a part, parts of one PSH joined, then the error if there is
/// one.
std::string parse_all(ByteView stream, MuxDialect dialect, std::size_t piece_bytes) {
  MuxParser parser(dialect);
  std::string text;
  std::size_t psh_left = 0;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    auto piece = stream.subspan(at, std::min(piece_bytes, stream.size() - at));
    while (true) {
      const auto part = parser.next(piece);
      if (!part) return text + std::string(to_string(part.error()));
      if (!*part) break;
      const auto& found = (*part)->header;
      if (psh_left == 0) {
        text += std::to_string(static_cast<int>(found.command)) + " " + std::to_string(found.stream_id) + " ";
        if (found.command == MuxCommand::kPsh) psh_left = found.length;
      }
      text += as_text((*part)->data);
      if (found.command == MuxCommand::kPsh) psh_left -= (*part)->data.size();
      if (psh_left == 0) text += "\n";
    }
    EXPECT_TRUE(piece.empty());
  }
  return text + (parser.between_frames() ? "" : "...");
}

Bytes all_commands() {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kSyn, 3, as_bytes("tcp:db:5432"));
  append_mux_frame(bytes, MuxCommand::kAccept, 2);
  append_mux_frame(bytes, MuxCommand::kPsh, 3, as_bytes("hello"));
  append_mux_amount(bytes, MuxCommand::kUpd, 3, 0x44434241);
  append_mux_frame(bytes, MuxCommand::kReclaim, 3);
  append_mux_amount(bytes, MuxCommand::kReturn, 3, 0x44434241);
  append_mux_frame(bytes, MuxCommand::kNop, 0);
  append_mux_frame(bytes, MuxCommand::kCtl, 0, as_bytes("{}"));
  append_mux_frame(bytes, MuxCommand::kFin, 3);
  append_mux_frame(bytes, MuxCommand::kRst, 2, as_bytes("refused"));
  return bytes;
}
constexpr const char* kAllCommands =
    "0 3 tcp:db:5432\n6 2 \n2 3 hello\n4 3 ABCD\n8 3 \n9 3 ABCD\n3 0 \n7 0 {}\n1 3 \n5 2 refused\n";

TEST(MuxFrame, WritesWhatOfficialClientsWrite) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kSyn, 3);
  append_mux_frame(bytes, MuxCommand::kPsh, 3, as_bytes("GET"));
  EXPECT_EQ(to_hex(bytes), kV10Frames);
}

TEST(MuxFrame, ReadsWhatOfficialClientsWrite) {
  const auto bytes = from_hex(kV10Frames).value();
  EXPECT_EQ(parse_all(bytes, MuxDialect::kSmux, bytes.size()), "0 3 \n2 3 GET\n");
}

TEST(MuxFrame, NumbersAreLittleEndian) {
  EXPECT_EQ(to_hex(header(1, 2, 0x0102, 0x03040506)), "0102020106050403");
  EXPECT_EQ(parse_mux_header(header(1, 2, 0x0102, 0x03040506), MuxDialect::kSmux).value(),
            (MuxHeader{MuxCommand::kPsh, 0x0102, 0x03040506}));
}

TEST(MuxFrame, LengthsAreLimitedByCommandBeforeAnythingIsKept) {
  const struct {
    MuxDialect dialect;
    MuxCommand command;
    std::size_t least, most;
  } rows[] = {
      {MuxDialect::kSmux, MuxCommand::kSyn, 0, 0},
      {MuxDialect::kSmux, MuxCommand::kFin, 0, 0},
      {MuxDialect::kSmux, MuxCommand::kPsh, 0, 65'535},
      {MuxDialect::kSmux, MuxCommand::kNop, 0, 0},
      {MuxDialect::kFlow, MuxCommand::kSyn, 0, kMuxMaxTargetBytes},
      {MuxDialect::kFlow, MuxCommand::kFin, 0, 0},
      {MuxDialect::kFlow, MuxCommand::kPsh, 0, 65'535},
      {MuxDialect::kFlow, MuxCommand::kNop, 0, 0},
      {MuxDialect::kFlow, MuxCommand::kUpd, 4, 4},
      {MuxDialect::kFlow, MuxCommand::kRst, 0, kMuxMaxReasonBytes},
      {MuxDialect::kFlow, MuxCommand::kAccept, 0, 0},
      {MuxDialect::kFlow, MuxCommand::kCtl, 1, kMuxMaxControlBytes},
      {MuxDialect::kFlow, MuxCommand::kReclaim, 0, 0},
      {MuxDialect::kFlow, MuxCommand::kReturn, 4, 4},
  };
  for (const auto& row : rows) {
    for (std::size_t length = 0; length <= UINT16_MAX; ++length) {
      const auto parsed = parse_mux_header(
          header(1, static_cast<std::uint8_t>(row.command), static_cast<std::uint16_t>(length)), row.dialect);
      if (length >= row.least && length <= row.most) {
        ASSERT_TRUE(parsed) << static_cast<int>(row.command) << " " << length;
      } else {
        ASSERT_EQ(parsed.error(), MuxFrameError::kBadLength)
            << static_cast<int>(row.command) << " " << length;
      }
    }
  }
}

TEST(MuxFrame, OtherVersionsAndCommandsAreErrors) {
  for (int value = 0; value < 256; ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    if (value != 1)
      EXPECT_EQ(parse_mux_header(header(byte, 1, 0), MuxDialect::kFlow).error(), MuxFrameError::kBadVersion);
    if (value > 3)
      EXPECT_EQ(parse_mux_header(header(1, byte, 4), MuxDialect::kSmux).error(),
                MuxFrameError::kUnknownCommand);
    if (value > 9)
      EXPECT_EQ(parse_mux_header(header(1, byte, 4), MuxDialect::kFlow).error(),
                MuxFrameError::kUnknownCommand);
  }
}

TEST(MuxParser, FindsTheSameFramesWhereverTheStreamIsCut) {
  const auto bytes = all_commands();
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
    EXPECT_EQ(parse_all(bytes, MuxDialect::kFlow, piece), kAllCommands) << piece;
}

TEST(MuxParser, ATruncatedStreamNeedsMoreAndIsNoError) {
  const auto bytes = all_commands();
  const std::string whole = kAllCommands;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto seen = parse_all(ByteView(bytes).first(size), MuxDialect::kFlow, bytes.size());
    const bool cut = seen.ends_with("...");
    if (cut) seen.resize(seen.size() - 3);
    EXPECT_EQ(seen, whole.substr(0, seen.size())) << size;
  }
}

TEST(MuxParser, ABitFlippedAnywhereLeavesItInsideItsInput) {
  const auto good = all_commands();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto whole = parse_all(bytes, MuxDialect::kFlow, bytes.size());
    EXPECT_EQ(parse_all(bytes, MuxDialect::kFlow, 1), whole) << bit;
    EXPECT_NE(whole, kAllCommands) << bit;
  }
}

TEST(MuxParser, DataIsHandedOnWhereItLies) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kPsh, 3, Bytes(60'000, 'x'));
  MuxParser parser(MuxDialect::kSmux);
  ByteView first(bytes.data(), 1008);
  const auto* at = first.data();
  const auto part = parser.next(first).value().value();
  EXPECT_EQ(part.data.data(), at + kMuxHeaderBytes);
  EXPECT_EQ(part.data.size(), 1000U);
  ByteView rest = ByteView(bytes).subspan(1008);
  EXPECT_EQ(parser.next(rest).value().value().data.size(), 59'000U);
  EXPECT_TRUE(parser.between_frames());
}

TEST(MuxParser, APshWithoutDataIsPassedOver) {
  Bytes bytes;
  append_mux_frame(bytes, MuxCommand::kPsh, 3);
  EXPECT_EQ(parse_all(bytes, MuxDialect::kSmux, 64), "");
  append_mux_frame(bytes, MuxCommand::kFin, 3);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
    EXPECT_EQ(parse_all(bytes, MuxDialect::kSmux, piece), "1 3 \n");
}

TEST(MuxParser, Trap46_DataBehindASynIsAnErrorAsOfficialParsersWouldReadItAsAHeader) {
  for (const auto command : {MuxCommand::kSyn, MuxCommand::kFin, MuxCommand::kNop}) {
    Bytes bytes;
    append_mux_frame(bytes, command, 3, as_bytes("x"));
    EXPECT_EQ(parse_all(bytes, MuxDialect::kSmux, 64), to_string(MuxFrameError::kBadLength));
  }
}

}  // namespace
}  // namespace postern::wire

#include "net/ws_frame.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "net/utf8.h"

namespace postern::net {
namespace {

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

std::string unmasked_payload(Bytes frame, const WsFrameHeader& header) {
  const auto payload = std::span(frame).subspan(header.header_bytes);
  if (header.mask) apply_ws_mask(payload, *header.mask);
  return std::string(as_text(payload));
}

struct Example {
  const char* name;
  const char* hex;
  WsRole receiver;
  bool fin;
  int opcode;
  const char* payload;
};

// RFC 6455 section 5.7, byte for byte.
TEST(WsFrame, ReadsTheExamplesOfTheRfc) {
  const Example examples[] = {
      {"unmasked text", "810548656c6c6f", WsRole::kClient, true, 1, "Hello"},
      {"masked text", "818537fa213d7f9f4d5158", WsRole::kServer, true, 1, "Hello"},
      {"first fragment", "010348656c", WsRole::kClient, false, 1, "Hel"},
      {"last fragment", "80026c6f", WsRole::kClient, true, 0, "lo"},
      {"unmasked ping", "890548656c6c6f", WsRole::kClient, true, 9, "Hello"},
      {"masked pong", "8a8537fa213d7f9f4d5158", WsRole::kServer, true, 10, "Hello"},
  };
  for (const auto& example : examples) {
    SCOPED_TRACE(example.name);
    const auto bytes = hex(example.hex);
    const auto header = parse_ws_header(bytes, example.receiver);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->fin, example.fin);
    EXPECT_EQ(header->opcode, example.opcode);
    EXPECT_EQ(header->header_bytes + header->payload_bytes, bytes.size());
    EXPECT_EQ(unmasked_payload(bytes, *header), example.payload);
    Bytes again;
    append_ws_header(again, *header);
    EXPECT_EQ(to_hex(again), to_hex(ByteView(bytes).first(header->header_bytes)));
  }
}

TEST(WsFrame, ReadsTheLongLengthsOfTheRfc) {
  EXPECT_EQ(parse_ws_header(hex("827e0100"), WsRole::kClient)->payload_bytes, 256U);
  EXPECT_EQ(parse_ws_header(hex("827f0000000000010000"), WsRole::kClient)->payload_bytes, 65536U);
}

TEST(WsFrame, SaysWhatIsWrong) {
  struct Case {
    const char* hex;
    WsRole receiver;
    WsHeaderError error;
  };
  const Case cases[] = {
      {"", WsRole::kClient, WsHeaderError::kIncomplete},
      {"82", WsRole::kClient, WsHeaderError::kIncomplete},
      {"827e01", WsRole::kClient, WsHeaderError::kIncomplete},
      {"827f00000000000100", WsRole::kClient, WsHeaderError::kIncomplete},
      {"8285010203", WsRole::kServer, WsHeaderError::kIncomplete},
      {"c200", WsRole::kClient, WsHeaderError::kReservedBits},
      {"a200", WsRole::kClient, WsHeaderError::kReservedBits},
      {"9200", WsRole::kClient, WsHeaderError::kReservedBits},
      {"8300", WsRole::kClient, WsHeaderError::kUnknownOpcode},
      {"8700", WsRole::kClient, WsHeaderError::kUnknownOpcode},
      {"8b00", WsRole::kClient, WsHeaderError::kUnknownOpcode},
      {"8f", WsRole::kClient, WsHeaderError::kUnknownOpcode},
      {"8200", WsRole::kServer, WsHeaderError::kWrongMasking},
      {"8280", WsRole::kClient, WsHeaderError::kWrongMasking},
      {"0900", WsRole::kClient, WsHeaderError::kFragmentedControl},
      {"897e", WsRole::kClient, WsHeaderError::kLongControl},
      {"887f", WsRole::kClient, WsHeaderError::kLongControl},
      {"827e007d", WsRole::kClient, WsHeaderError::kBadLength},
      {"827f000000000000ffff", WsRole::kClient, WsHeaderError::kBadLength},
      {"827f8000000000000000", WsRole::kClient, WsHeaderError::kBadLength},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.hex);
    const auto header = parse_ws_header(hex(each.hex), each.receiver);
    ASSERT_FALSE(header);
    EXPECT_EQ(static_cast<int>(header.error()), static_cast<int>(each.error));
  }
}

TEST(WsFrame, ChoosesTheShortestLengthAtEveryBoundary) {
  for (const std::uint64_t length : {0ULL, 1ULL, 125ULL, 126ULL, 127ULL, 65535ULL, 65536ULL, (1ULL << 62)}) {
    for (const auto role : {WsRole::kServer, WsRole::kClient}) {
      WsFrameHeader header;
      header.opcode = 2;
      header.payload_bytes = length;
      if (role == WsRole::kServer) header.mask = WsMask{1, 2, 3, 4};
      Bytes bytes;
      append_ws_header(bytes, header);
      header.header_bytes = bytes.size();
      EXPECT_LE(bytes.size(), kMaxWsHeaderBytes);
      EXPECT_EQ(parse_ws_header(bytes, role), header) << length;
      for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        const auto part = parse_ws_header(ByteView(bytes).first(cut), role);
        ASSERT_FALSE(part) << cut;
        EXPECT_EQ(static_cast<int>(part.error()), static_cast<int>(WsHeaderError::kIncomplete));
      }
    }
  }
}

// What a header with a flipped bit still says must be what it would be written as.
TEST(WsFrame, EveryFlippedBitIsRefusedOrStillCanonical) {
  const auto bytes = hex("82fe010037fa213d");
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto header = parse_ws_header(flipped, WsRole::kServer);
    if (!header) continue;
    Bytes again;
    append_ws_header(again, *header);
    EXPECT_EQ(to_hex(again), to_hex(ByteView(flipped).first(header->header_bytes))) << bit;
  }
}

TEST(WsMask, IsItsOwnInverseAtEveryLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    auto masked = bytes;
    const WsMask mask = {0x37, 0xFA, 0x21, 0x3D};
    apply_ws_mask(masked, mask);
    for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(masked[i], bytes[i] ^ mask[i % 4]);
    apply_ws_mask(masked, mask);
    EXPECT_EQ(masked, bytes);
  }
}

TEST(WsClose, AcceptsWhatMayBeOnTheWire) {
  for (const auto* good :
       {"", "03e8", "03e9", "03e8427965", "03f1", "03f6", "0bb8", "1387", "03eb", "03e8c3a9"}) {
    EXPECT_TRUE(is_valid_ws_close(hex(good))) << good;
  }
  // One byte; 0, 999, 1004 to 1006, 1015, 1016, 2999, 5000; a reason that is not UTF-8.
  for (const auto* bad : {"03", "0000", "03e7", "03ec", "03ed", "03ee", "03f7", "03f8", "0bb7", "1388",
                          "ffff", "03e8ff", "03e8c3"}) {
    EXPECT_FALSE(is_valid_ws_close(hex(bad))) << bad;
  }
}

TEST(WsAccept, KnowsTheExampleOfTheRfc) {
  EXPECT_EQ(ws_accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Utf8, FollowsRfc3629) {
  for (const auto* good : {"", "41", "c3a9", "e282ac", "f09f9880", "ed9fbf", "ee8080", "f48fbfbf",
                           "4142434445464748c3a94142434445464748"}) {
    EXPECT_TRUE(is_utf8(hex(good))) << good;
  }
  for (const auto* bad : {"80", "c0af", "c1bf", "c3", "c328", "e08080", "e282", "eda080", "edbfbf",
                          "f0808080", "f4908080", "f5808080", "f09f98", "ff", "4142434445464748ff"}) {
    EXPECT_FALSE(is_utf8(hex(bad))) << bad;
  }
}

}  // namespace
}  // namespace postern::net

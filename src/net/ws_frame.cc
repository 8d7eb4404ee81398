#include "net/ws_frame.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "base/encoding.h"
#include "net/utf8.h"

namespace postern::net {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

bool is_known_opcode(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

}  // namespace

std::expected<WsFrameHeader, WsHeaderError> parse_ws_header(ByteView bytes, WsRole receiver) {
  if (bytes.empty()) return std::unexpected(WsHeaderError::kIncomplete);
  WsFrameHeader header;
  header.fin = (bytes[0] & kFin) != 0;
  header.opcode = bytes[0] & kOpcode;
  if ((bytes[0] & kReserved) != 0) return std::unexpected(WsHeaderError::kReservedBits);
  if (!is_known_opcode(header.opcode)) return std::unexpected(WsHeaderError::kUnknownOpcode);
  if (header.is_control() && !header.fin) return std::unexpected(WsHeaderError::kFragmentedControl);

  if (bytes.size() < 2) return std::unexpected(WsHeaderError::kIncomplete);
  const bool masked = (bytes[1] & kMasked) != 0;
  if (masked != (receiver == WsRole::kServer)) return std::unexpected(WsHeaderError::kWrongMasking);
  const std::uint8_t short_length = bytes[1] & ~kMasked;
  if (header.is_control() && short_length > kMaxWsControlBytes)
    return std::unexpected(WsHeaderError::kLongControl);

  std::size_t at = 2;
  header.payload_bytes = short_length;
  if (short_length == kLength16) {
    if (bytes.size() < at + 2) return std::unexpected(WsHeaderError::kIncomplete);
    header.payload_bytes = load_be<std::uint16_t>(&bytes[at]);
    if (header.payload_bytes < kLength16) return std::unexpected(WsHeaderError::kBadLength);
    at += 2;
  } else if (short_length == kLength64) {
    if (bytes.size() < at + 8) return std::unexpected(WsHeaderError::kIncomplete);
    header.payload_bytes = load_be<std::uint64_t>(&bytes[at]);
    if (header.payload_bytes <= 0xFFFF || header.payload_bytes >> 63 != 0) {
      return std::unexpected(WsHeaderError::kBadLength);
    }
    at += 8;
  }
  if (masked) {
    if (bytes.size() < at + 4) return std::unexpected(WsHeaderError::kIncomplete);
    std::memcpy(header.mask.emplace().data(), &bytes[at], 4);
    at += 4;
  }
  header.header_bytes = at;
  return header;
}

std::size_t ws_header_bytes(std::size_t payload_bytes) {
  if (payload_bytes < kLength16) return 2;
  return payload_bytes <= 0xFFFF ? 4 : 10;
}

void write_ws_header(std::span<std::uint8_t> to, const WsFrameHeader& header) {
  POSTERN_CHECK(!header.mask);
  Bytes bytes;
  append_ws_header(bytes, header);
  POSTERN_CHECK(bytes.size() == to.size());
  std::memcpy(to.data(), bytes.data(), bytes.size());
}

void append_ws_header(Bytes& to, const WsFrameHeader& header) {
  std::array<std::uint8_t, kMaxWsHeaderBytes> bytes;
  bytes[0] = (header.fin ? kFin : 0) | header.opcode;
  std::size_t size = 2;
  std::uint8_t length = 0;
  if (header.payload_bytes < kLength16) {
    length = static_cast<std::uint8_t>(header.payload_bytes);
  } else if (header.payload_bytes <= 0xFFFF) {
    length = kLength16;
    store_be(&bytes[2], static_cast<std::uint16_t>(header.payload_bytes));
    size += 2;
  } else {
    length = kLength64;
    store_be(&bytes[2], header.payload_bytes);
    size += 8;
  }
  bytes[1] = (header.mask ? kMasked : 0) | length;
  if (header.mask) {
    std::memcpy(&bytes[size], header.mask->data(), 4);
    size += 4;
  }
  to.insert(to.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
}

void apply_ws_mask(std::span<std::uint8_t> payload, WsMask mask) {
  std::uint32_t half;
  std::memcpy(&half, mask.data(), 4);
  // Twice the key in memory order; eight is a multiple of four, so the phase stays.
  const std::uint64_t word_mask = (static_cast<std::uint64_t>(half) << 32) | half;
  std::size_t at = 0;
  for (; at + 8 <= payload.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, &payload[at], 8);
    word ^= word_mask;
    std::memcpy(&payload[at], &word, 8);
  }
  for (; at < payload.size(); ++at) payload[at] ^= mask[at % 4];
}

bool is_valid_ws_close(ByteView payload) {
  if (payload.empty()) return true;
  if (payload.size() < 2) return false;
  const auto code = load_be<std::uint16_t>(payload.data());
  // 1004 is reserved; 1005, 1006 and 1015 are for use inside a program, never on the wire.
  const bool registered = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  const bool for_applications = code >= 3000 && code <= 4999;
  return (registered || for_applications) && is_utf8(payload.subspan(2));
}

std::string ws_accept_for(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  // SHA-1 because the RFC says so; nothing depends on its strength.
  std::array<std::uint8_t, 20> digest;
  unsigned size = 0;
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  POSTERN_CHECK(ok == 1 && size == digest.size());
  return to_base64(digest);
}

}  // namespace postern::net

#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "net/websocket.h"

namespace postern::net {

// RFC 6455 section 5.2:
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-------+-+-------------+-------------------------------+
//   |F|R|R|R| opcode|M| length      | length, 16 bits if 126,       |
//   |I|S|S|S|       |A| (7 bits)    | 64 bits if 127; then the mask |
//   |N|V|V|V|       |S|             | (4 bytes if M); the payload   |
//   +-+-+-+-+-------+-+-------------+-------------------------------+

using WsMask = std::array<std::uint8_t, 4>;

inline constexpr std::size_t kMaxWsHeaderBytes = 14;
inline constexpr std::size_t kMaxWsControlBytes = 125;

struct WsFrameHeader {
  bool fin = true;
  /// 0 is a continuation, otherwise a WsOpcode.
  std::uint8_t opcode = 0;
  /// Set on frames from a client, and only there.
  std::optional<WsMask> mask;
  std::uint64_t payload_bytes = 0;
  /// Of this header itself, 2 to 14.
  std::size_t header_bytes = 0;

  bool is_control() const { return opcode >= 8; }
  friend bool operator==(const WsFrameHeader&, const WsFrameHeader&) = default;
};

/// kIncomplete asks for more bytes; every other value is the peer's fault.
enum class WsHeaderError {
  kIncomplete,
  kReservedBits,
  kUnknownOpcode,
  /// A client's frame without mask, or a server's with one.
  kWrongMasking,
  kFragmentedControl,
  kLongControl,
  /// The length would have fitted in a shorter form, or has its top bit set.
  kBadLength,
};

/// Parses the header at the front of `bytes` as received by an end of role `receiver`. What is wrong in the
/// bytes at hand is found before more are asked for.
std::expected<WsFrameHeader, WsHeaderError> parse_ws_header(ByteView bytes, WsRole receiver);

/// The size of the header of a frame without a mask.
std::size_t ws_header_bytes(std::size_t payload_bytes);

/// Writes the header of a frame without a mask into exactly ws_header_bytes().
void write_ws_header(std::span<std::uint8_t> to, const WsFrameHeader& header);

/// Appends the header; header_bytes is not looked at.
void append_ws_header(Bytes& to, const WsFrameHeader& header);

/// Masks or unmasks in place; the same operation.
void apply_ws_mask(std::span<std::uint8_t> payload, WsMask mask);

/// The payload of a Close frame: empty, or a permitted code and a reason in UTF-8 (RFC 6455 section 7.4).
bool is_valid_ws_close(ByteView payload);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string ws_accept_for(std::string_view key);

}  // namespace postern::net

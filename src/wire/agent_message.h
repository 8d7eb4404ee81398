#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "wire/message_type.h"

/// AgentMessage: the one binary frame of control and data channels, in both directions (data-channel.md
/// section 3). Integers are big-endian; one message fills one WebSocket message.
///
///     0    4  HeaderLength    116: the offset of PayloadLength, not of the payload
///     4   32  MessageType     ASCII, padded with blanks
///     36   4  SchemaVersion   1
///     40   8  CreatedDate     Unix time in milliseconds, never 0
///     48   8  SequenceNumber
///     56   8  Flags           bit 0 SYN, bit 1 FIN
///     64  16  MessageId       UUID bytes 8-15, then bytes 0-7
///     80  32  PayloadDigest   SHA-256 of the payload as sent
///     112  4  PayloadType
///     116  4  PayloadLength
///     120  n  Payload
namespace postern::wire {

/// Everything before the payload.
inline constexpr std::size_t kHeaderBytes = 120;
/// The value of the HeaderLength field.
inline constexpr std::uint32_t kHeaderLength = 116;
inline constexpr std::size_t kMessageTypeBytes = 32;
inline constexpr std::uint64_t kFlagSyn = 1;
inline constexpr std::uint64_t kFlagFin = 2;
/// A repetition that wants an answer even if it was received before (kExtensionBulk only).
inline constexpr std::uint64_t kFlagProbe = 1ULL << 63;

/// What makes one message different from every other: its id and when it was made.
struct Stamp {
  Uuid message_id;
  /// Unix time in milliseconds, not 0.
  std::uint64_t created_millis = 0;

  /// A random id at `now`.
  static Stamp fresh(Timestamp now);
};

/// The fields of a message that its sender chooses; lengths and digest follow from the payload.
struct MessageHeader {
  /// Not kUnknown when serialized.
  MessageType type = MessageType::kUnknown;
  std::uint32_t schema_version = 1;
  std::int64_t sequence_number = 0;
  std::uint64_t flags = 0;
  PayloadType payload_type = PayloadType::kNone;
  Stamp stamp;
};

/// A parsed message; the views are valid as long as the parsed bytes.
struct AgentMessageView {
  MessageHeader header;
  /// MessageType without padding: says what a kUnknown was.
  std::string_view type_name;
  /// 32 bytes, not compared with the payload: see digest_matches().
  ByteView digest;
  ByteView payload;
};

enum class ParseError {
  kTooShort,
  kBadHeaderLength,
  kWrongPayloadLength,
  kNoMessageType,
  kNoCreatedDate,
};
std::string_view to_string(ParseError error);

/// Reads a complete WebSocket message. Strict where an official peer would hang or guess: HeaderLength must
/// be 116 and PayloadLength the rest of the message. Unknown message and payload types are accepted, unread
/// fields (SchemaVersion, Flags) pass as they are.
std::expected<AgentMessageView, ParseError> parse(ByteView message);

/// Whether PayloadDigest is that of the payload. An end checks it; a relay need not.
bool digest_matches(const AgentMessageView& message);

/// What PayloadDigest holds. Ends that agreed on kExtensionBulk leave it zero: TLS protects the bytes
/// already, and SHA-256 costs about as much as the encryption.
enum class Digest { kSha256, kZero };

/// Marks a stream message as repeated for the sake of its answer.
void set_probe_flag(std::span<std::uint8_t> message);

/// What a relay decides by.
struct Peek {
  MessageType type;
  std::int64_t sequence_number;
  PayloadType payload_type;
};

/// Looks at the first kHeaderBytes of a message that may not be complete yet. Errors: kTooShort,
/// kBadHeaderLength, kNoMessageType.
std::expected<Peek, ParseError> peek(ByteView start);

/// The bytes that go before `payload`, which should not be empty: official senders use `{}` for a message
/// without content.
std::array<std::uint8_t, kHeaderBytes> serialize_header(const MessageHeader& header, ByteView payload,
                                                        Digest digest = Digest::kSha256);

/// Header and payload in one buffer.
Bytes serialize(const MessageHeader& header, ByteView payload, Digest digest = Digest::kSha256);

}  // namespace postern::wire

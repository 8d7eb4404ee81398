#include "wire/agent_message.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace postern::wire {
namespace {

constexpr std::size_t kTypeAt = 4;
constexpr std::size_t kSchemaVersionAt = 36;
constexpr std::size_t kCreatedDateAt = 40;
constexpr std::size_t kSequenceNumberAt = 48;
constexpr std::size_t kFlagsAt = 56;
constexpr std::size_t kMessageIdAt = 64;
constexpr std::size_t kDigestAt = 80;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kPayloadTypeAt = 112;
constexpr std::size_t kPayloadLengthAt = 116;

// Official senders pad with blanks, and official receivers accept NUL as well: NULs go first, then white
// space (3.1).
std::string_view trim(std::string_view text) {
  const auto strip = [&text](std::string_view what) {
    const auto first = text.find_first_not_of(what);
    text = first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(what) - first + 1);
  };
  strip(std::string_view("\0", 1));
  strip(" \t\r\n\v\f");
  return text;
}

std::string_view type_name(ByteView message) {
  return trim(as_text(message.subspan(kTypeAt, kMessageTypeBytes)));
}

std::int64_t load_sequence_number(ByteView message) {
  return static_cast<std::int64_t>(load_be<std::uint64_t>(message.data() + kSequenceNumberAt));
}

PayloadType load_payload_type(ByteView message) {
  return static_cast<PayloadType>(load_be<std::uint32_t>(message.data() + kPayloadTypeAt));
}

}  // namespace

Stamp Stamp::fresh(Timestamp now) {
  // Nobody accepts 0, so a clock before 1970 must not produce it.
  return {Uuid::random(), static_cast<std::uint64_t>(std::max<std::int64_t>(1, to_unix_millis(now)))};
}

std::string_view to_string(ParseError error) {
  switch (error) {
    case ParseError::kTooShort:
      return "shorter than a header";
    case ParseError::kBadHeaderLength:
      return "HeaderLength is not 116";
    case ParseError::kWrongPayloadLength:
      return "PayloadLength is not the rest of the message";
    case ParseError::kNoMessageType:
      return "MessageType is empty";
    case ParseError::kNoCreatedDate:
      return "CreatedDate is 0";
  }
  return "malformed";
}

std::expected<Peek, ParseError> peek(ByteView start) {
  if (start.size() < kHeaderBytes) return std::unexpected(ParseError::kTooShort);
  if (load_be<std::uint32_t>(start.data()) != kHeaderLength)
    return std::unexpected(ParseError::kBadHeaderLength);
  const auto name = type_name(start);
  if (name.empty()) return std::unexpected(ParseError::kNoMessageType);
  return Peek{message_type_of(name), load_sequence_number(start), load_payload_type(start)};
}

std::expected<AgentMessageView, ParseError> parse(ByteView message) {
  const auto seen = peek(message);
  if (!seen) return std::unexpected(seen.error());
  const auto* at = message.data();
  if (load_be<std::uint32_t>(at + kPayloadLengthAt) != message.size() - kHeaderBytes) {
    return std::unexpected(ParseError::kWrongPayloadLength);
  }
  AgentMessageView view;
  view.header.type = seen->type;
  view.header.schema_version = load_be<std::uint32_t>(at + kSchemaVersionAt);
  view.header.stamp.created_millis = load_be<std::uint64_t>(at + kCreatedDateAt);
  if (view.header.stamp.created_millis == 0) return std::unexpected(ParseError::kNoCreatedDate);
  view.header.sequence_number = seen->sequence_number;
  view.header.flags = load_be<std::uint64_t>(at + kFlagsAt);
  auto& id = view.header.stamp.message_id.bytes;
  std::copy_n(at + kMessageIdAt, 8, id.begin() + 8);
  std::copy_n(at + kMessageIdAt + 8, 8, id.begin());
  view.header.payload_type = seen->payload_type;
  view.type_name = type_name(message);
  view.digest = message.subspan(kDigestAt, kDigestBytes);
  view.payload = message.subspan(kHeaderBytes);
  return view;
}

bool digest_matches(const AgentMessageView& message) {
  return std::ranges::equal(sha256(message.payload), message.digest);
}

void set_probe_flag(std::span<std::uint8_t> message) {
  POSTERN_CHECK(message.size() >= kHeaderBytes);
  auto* flags = message.data() + kFlagsAt;
  store_be(flags, load_be<std::uint64_t>(flags) | kFlagProbe);
}

std::array<std::uint8_t, kHeaderBytes> serialize_header(const MessageHeader& header, ByteView payload,
                                                        Digest digest) {
  POSTERN_CHECK(header.type != MessageType::kUnknown);
  POSTERN_CHECK(payload.size() <= UINT32_MAX);
  std::array<std::uint8_t, kHeaderBytes> out;
  store_be(out.data(), kHeaderLength);
  std::fill_n(out.begin() + kTypeAt, kMessageTypeBytes, static_cast<std::uint8_t>(' '));
  std::ranges::copy(wire_name(header.type), out.begin() + kTypeAt);
  store_be(out.data() + kSchemaVersionAt, header.schema_version);
  store_be(out.data() + kCreatedDateAt, header.stamp.created_millis);
  store_be(out.data() + kSequenceNumberAt, static_cast<std::uint64_t>(header.sequence_number));
  store_be(out.data() + kFlagsAt, header.flags);
  const auto& id = header.stamp.message_id.bytes;
  std::copy_n(id.begin() + 8, 8, out.begin() + kMessageIdAt);
  std::copy_n(id.begin(), 8, out.begin() + kMessageIdAt + 8);
  if (digest == Digest::kSha256) {
    std::ranges::copy(sha256(payload), out.begin() + kDigestAt);
  } else {
    std::fill_n(out.begin() + kDigestAt, kDigestBytes, std::uint8_t{0});
  }
  store_be(out.data() + kPayloadTypeAt, static_cast<std::uint32_t>(header.payload_type));
  store_be(out.data() + kPayloadLengthAt, static_cast<std::uint32_t>(payload.size()));
  return out;
}

Bytes serialize(const MessageHeader& header, ByteView payload, Digest digest) {
  const auto head = serialize_header(header, payload, digest);
  Bytes out;
  out.reserve(head.size() + payload.size());
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

}  // namespace postern::wire

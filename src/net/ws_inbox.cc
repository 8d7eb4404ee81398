#include "net/ws_inbox.h"

#include <algorithm>

#include "base/check.h"
#include "net/utf8.h"
#include "net/ws_frame.h"

namespace postern::net {
namespace {

/// One TLS record. Reads are no smaller than this unless the buffer holds the better part of a frame.
constexpr std::size_t kChunkBytes = 16 * 1024;
/// A stream of large frames is read in pieces of up to this.
constexpr std::size_t kLargestChunkBytes = 256 * 1024;

}  // namespace

WsInbox::WsInbox(WsRole role, std::size_t max_message_bytes, Bytes leftover)
    : role_(role), max_message_bytes_(max_message_bytes) {
  if (leftover.empty()) return;
  reallocate(std::max(leftover.size(), kChunkBytes));
  std::memcpy(buffer_.get(), leftover.data(), leftover.size());
  end_ = leftover.size();
}

void WsInbox::reallocate(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  if (end_ > begin_) std::memcpy(larger.get(), &buffer_[begin_], end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void WsInbox::drop_handed_out() {
  begin_ += handed_out_;
  handed_out_ = 0;
  if (begin_ == end_) begin_ = end_ = 0;
  if (assembled_handed_out_) {
    assembled_handed_out_ = false;
    assembled_ = Bytes();
  }
}

void WsInbox::release() {
  POSTERN_CHECK(empty());
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
}

std::span<std::uint8_t> WsInbox::space() {
  drop_handed_out();
  const auto held = end_ - begin_;
  const auto wanted = std::max(wanted_, held + 1);
  if (wanted > capacity_) {
    // Room for what follows the frame too, so that a stream of large frames is not read in frame-sized
    // pieces; but never more than twice what was there, since a header may announce what never comes.
    const auto ample = std::max(wanted + kChunkBytes, std::min(4 * wanted, kLargestChunkBytes));
    reallocate(std::max(kChunkBytes, std::min(ample, capacity_ * 2)));
  } else if (wanted > capacity_ - begin_) {
    std::memmove(buffer_.get(), &buffer_[begin_], held);
    begin_ = 0;
    end_ = held;
  }
  return {&buffer_[end_], capacity_ - end_};
}

std::span<std::uint8_t> WsInbox::message_with_headroom(std::size_t headroom) {
  if (assembled_handed_out_ || handed_out_ == 0) return {};
  // Read once already, so it is whole and right.
  const auto header = parse_ws_header(ByteView(&buffer_[begin_], handed_out_), role_);
  if (!header || header->header_bytes < headroom) return {};
  return {&buffer_[begin_] + header->header_bytes - headroom, handed_out_ - header->header_bytes + headroom};
}

void WsInbox::received(std::size_t size) {
  POSTERN_CHECK(size <= capacity_ - end_);
  end_ += size;
}

bool WsInbox::has_frame() const {
  const auto begin = begin_ + handed_out_;
  const auto header = parse_ws_header(ByteView(buffer_.get() + begin, end_ - begin), role_);
  if (!header) return header.error() != WsHeaderError::kIncomplete;
  return header->payload_bytes <= end_ - begin - header->header_bytes;
}

std::expected<std::optional<WebSocket::Message>, Errc> WsInbox::next() {
  for (;;) {
    drop_handed_out();
    wanted_ = 0;
    const auto header = parse_ws_header(ByteView(buffer_.get() + begin_, end_ - begin_), role_);
    if (!header) {
      if (header.error() == WsHeaderError::kIncomplete) return std::nullopt;
      return std::unexpected(Errc::kWsProtocol);
    }
    if (!header->is_control()) {
      // A message is open exactly when this continues it.
      if ((header->opcode == 0) != (open_opcode_ != 0)) return std::unexpected(Errc::kWsProtocol);
      if (header->payload_bytes > max_message_bytes_ - assembled_.size())
        return std::unexpected(Errc::kWsTooBig);
    }
    const auto frame_bytes = header->header_bytes + static_cast<std::size_t>(header->payload_bytes);
    if (end_ - begin_ < frame_bytes) {
      wanted_ = frame_bytes;
      return std::nullopt;
    }
    const std::span payload(&buffer_[begin_] + header->header_bytes,
                            static_cast<std::size_t>(header->payload_bytes));
    if (header->mask) apply_ws_mask(payload, *header->mask);
    handed_out_ = frame_bytes;

    if (header->is_control()) {
      const auto opcode = static_cast<WsOpcode>(header->opcode);
      if (opcode == WsOpcode::kClose && !is_valid_ws_close(payload))
        return std::unexpected(Errc::kWsProtocol);
      return WebSocket::Message{opcode, payload};
    }
    auto result = data_frame(header->fin, header->opcode, payload);
    if (!result || *result) return result;
  }
}

std::expected<std::optional<WebSocket::Message>, Errc> WsInbox::data_frame(bool fin, std::uint8_t opcode,
                                                                           ByteView payload) {
  if (opcode != 0) open_opcode_ = opcode;
  const auto message_opcode = static_cast<WsOpcode>(open_opcode_);
  if (opcode == 0 || !fin) {
    assembled_.insert(assembled_.end(), payload.begin(), payload.end());
    if (!fin) return std::nullopt;
    payload = assembled_;
    assembled_handed_out_ = true;
  }
  open_opcode_ = 0;
  if (message_opcode == WsOpcode::kText && !is_utf8(payload)) return std::unexpected(Errc::kWsBadText);
  return WebSocket::Message{message_opcode, payload};
}

}  // namespace postern::net

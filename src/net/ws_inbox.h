#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "net/error.h"
#include "net/websocket.h"

namespace postern::net {

/// The receiving half of a WebSocket without its I/O: bytes in, whole messages and control frames out.
///
/// An unfragmented message is handed out where it lies, without a copy. The buffer grows with what has
/// arrived, never with what a header merely announces, and is given back when the connection has nothing to
/// say.
class WsInbox {
 public:
  /// `role` is ours. `leftover` is what arrived already.
  WsInbox(WsRole role, std::size_t max_message_bytes, Bytes leftover = {});

  /// Where the next bytes are to be put; at least one.
  std::span<std::uint8_t> space();
  /// So many bytes were put there.
  void received(std::size_t size);

  /// The next message or control frame; nothing when more bytes are needed; or what the peer did wrong, after
  /// which this object is done for. The payload is valid until the next call of a non-const member.
  std::expected<std::optional<WebSocket::Message>, Errc> next();

  /// The payload handed out last with so many bytes in front of it that may be overwritten: they held its own
  /// header. Empty when there are not so many, or when the message came in fragments.
  std::span<std::uint8_t> message_with_headroom(std::size_t headroom);

  /// Whether another whole frame, or one that breaks the protocol, lies behind what was handed out last.
  bool has_frame() const;

  /// No byte is held, not even a part of a message; release() would give all memory back.
  bool empty() const { return begin_ == end_ && handed_out_ == 0 && assembled_.empty(); }
  /// Only when empty().
  void release();
  /// Memory held, for tests of its bounds.
  std::size_t capacity() const { return capacity_ + assembled_.capacity(); }

 private:
  std::expected<std::optional<WebSocket::Message>, Errc> data_frame(bool fin, std::uint8_t opcode,
                                                                    ByteView payload);
  void reallocate(std::size_t capacity);
  void drop_handed_out();

  WsRole role_;
  std::size_t max_message_bytes_;

  /// [begin_, end_) of the buffer has arrived and is not yet used; its first handed_out_ bytes are the frame
  /// given out last.
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t handed_out_ = 0;
  /// Header and payload of the incomplete frame at begin_; 0 when not known yet.
  std::size_t wanted_ = 0;

  /// Fragments so far; opcode 0 when no message is open.
  Bytes assembled_;
  std::uint8_t open_opcode_ = 0;
  bool assembled_handed_out_ = false;
};

}  // namespace postern::net

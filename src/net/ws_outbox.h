#pragma once

#include <array>
#include <list>
#include <utility>

#include "base/bytes.h"
#include "net/websocket.h"
#include "net/ws_frame.h"

namespace postern::net {

/// The sending half of a WebSocket without its I/O: frames in, gathered bytes out.
///
/// Data frames are laid behind each other in batches of up to kBatchBytes (a larger frame has a batch of its
/// own), since a TLS write of 1 KiB costs ten times one of 16 KiB. Pings and pongs overtake whole batches. A
/// Close does not: it says that nothing follows, so what was queued before it goes first.
class WsOutbox {
 public:
  static constexpr std::size_t kBatchBytes = 64 * 1024;

  explicit WsOutbox(WsRole role) : role_(role) {}
  WsRole role() const { return role_; }

  /// Queues one unfragmented frame. Control payloads have at most 125 bytes. After a Close everything is
  /// ignored.
  void add(WsOpcode opcode, ByteView head, ByteView tail = {});

  /// Queues a ping that stays behind the data queued before it, so that its answer says that this was
  /// handled.
  void add_ping_behind(ByteView payload);

  /// Queues the answer to a ping. An older answer that has not left yet is replaced (RFC 6455 section 5.5.3
  /// permits it), so that a peer that pings and doesn't read makes nothing grow.
  void answer_ping(ByteView payload);

  /// Drops everything queued and puts a Close in its place; of several Closes the first counts.
  void close_now(ByteView payload);

  /// The next bytes to write: all control frames, or else one batch. Empty when nothing is queued.
  Bytes take();

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  /// A Close was queued or has left.
  bool closed() const { return closed_; }

 private:
  Bytes& batch_for(std::size_t payload_bytes);
  void append_frame(Bytes& to, WsOpcode opcode, ByteView head, ByteView tail);

  WsRole role_;
  bool closed_ = false;
  std::size_t bytes_ = 0;
  Bytes control_;
  Bytes pong_;
  std::list<Bytes> batches_;
};

}  // namespace postern::net

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "net/stream.h"

namespace postern::net {

enum class WsRole { kServer, kClient };

enum class WsOpcode : std::uint8_t { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct WsLimits {
  /// A longer message ends the connection with close code 1009. Fragments are assembled up to here.
  std::size_t max_message_bytes = 4 * 1024 * 1024;
};

/// An open WebSocket (RFC 6455, no extensions) over a Stream. All calls on the stream's executor.
///
/// Reading: one read() at a time; pings are answered inside it, so a leg that is not read answers none.
/// Sending: send() queues and returns; queued frames leave gathered into as few writes as possible. The queue
/// is bounded by its users: they await room() before they produce more. Control frames overtake queued data
/// frames. Errors: a failed write closes the stream, so the pending read() fails and the user's loop ends in
/// one place.
class WebSocket {
 public:
  struct Message {
    /// kText, kBinary, kPing, kPong or kClose. A ping has been answered already, a close echoed.
    WsOpcode opcode;
    /// Valid until the next read().
    ByteView payload;
  };

  /// `leftover` is what arrived behind the upgrade.
  WebSocket(std::unique_ptr<Stream> stream, WsRole role, Bytes leftover = {}, WsLimits limits = {});
  /// Drops the connection.
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// The next message or control frame. Throws system_error on end of stream (boost::asio::error::eof) and on
  /// a protocol violation (net/error.h), after which the connection is closed.
  awaitable<Message> read();

  /// Queues one unfragmented frame whose payload is `head` followed by `tail`. Never blocks; after the
  /// connection ended it does nothing.
  void send(WsOpcode opcode, ByteView head, ByteView tail = {});

  /// As send() of the data message that `from` has just read. A large one is written from where it lies as
  /// far as the transport takes it at once; its payload is not to be looked at afterwards.
  void forward(WebSocket& from, const Message& message);

  /// Queues a ping that, unlike one of send(), leaves behind the data before it: a peer that handles what it
  /// reads in order has handled that data when it answers.
  void ping_behind(ByteView payload);

  /// Writes now what the transport takes without waiting. send() alone leaves it to the executor's next turn,
  /// so that what one turn sends is gathered; whoever knows that nothing more follows saves that turn.
  void flush() noexcept;

  /// A further message or control frame has arrived whole: the next read() will not wait.
  bool has_message() const;

  /// Bytes queued and not yet taken by the transport.
  std::size_t queued_bytes() const;

  /// Returns once fewer than `limit` bytes are queued, or the connection has ended.
  awaitable<void> room(std::size_t limit);

  /// Returns after the next step of the queue, at the end of the connection, or at nudge(): for users who
  /// wait for more than room(), and look again each time.
  awaitable<void> progress();
  /// Lets those who wait for room() or progress() look again.
  void nudge();

  /// See Stream.
  void shutdown_send() noexcept;
  void close() noexcept;
  bool is_open() const;
  std::string peer_address() const;
  boost::asio::any_io_executor executor();

  /// Monotonic time at which a byte last arrived: for finding dead peers.
  std::chrono::steady_clock::time_point last_received() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::net

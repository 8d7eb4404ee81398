#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "net/stream.h"

namespace postern::net {

/// What plain TCP and TLS share: a non-blocking socket on which Asio only waits for readiness. Operations are
/// tried first and wait only when the kernel has nothing to give or no room to take.
class SocketStream : public Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  awaitable<void> wait_readable() override;
  void rebind(boost::asio::any_io_executor executor) override;
  boost::asio::any_io_executor executor() override { return socket_.get_executor(); }
  std::string peer_address() const override { return peer_address_; }

 protected:
  /// `socket` is connected. Sets TCP_NODELAY.
  explicit SocketStream(Socket socket);

  /// Both throw operation_aborted once the socket is closed.
  awaitable<void> wait_read();
  awaitable<void> wait_write();
  /// Now and then gives other handlers of the thread a turn: a peer that sends as fast as we read would keep
  /// it for itself.
  awaitable<void> take_turns();
  void throw_if_closed() const;

  Socket socket_;

 private:
  std::string peer_address_;
  unsigned reads_in_a_row_ = 0;
};

/// Plain TCP: http:// and ws:// URLs, and the way to a proxy.
class TcpStream final : public SocketStream {
 public:
  explicit TcpStream(Socket socket);

  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override;
  bool has_pending() const override { return last_read_was_full_; }
  awaitable<void> write_all(ByteView from) override;
  std::size_t try_write(ByteView from) noexcept override;
  void shutdown_send() noexcept override;
  void close() noexcept override;

  /// The first byte to come, which stays to be read; nothing when the peer ended its direction.
  awaitable<std::optional<std::uint8_t>> peek();
  /// Gives the socket away, to be wrapped in TLS.
  Socket release() { return std::move(socket_); }

 private:
  bool last_read_was_full_ = false;
};

}  // namespace postern::net

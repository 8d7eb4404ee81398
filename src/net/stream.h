#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"

namespace postern::net {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// A connected byte stream: TLS, plain TCP, or an in-memory pipe in tests. It lives on one executor at a time
/// and every call is made there; one read and one write may be pending at once. Failures are
/// boost::system::system_error.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Reads what is there, at least one byte; 0 means the peer ended its direction.
  virtual awaitable<std::size_t> read_some(std::span<std::uint8_t> into) = 0;

  /// Waits until read_some has something to do, so that an idle connection need not own a buffer. May return
  /// early.
  virtual awaitable<void> wait_readable() { co_return; }

  /// True when bytes that already arrived may be waiting inside, so that read_some is worth trying at once.
  virtual bool has_pending() const { return true; }

  /// Writes all of `from`, which must stay valid until this returns.
  virtual awaitable<void> write_all(ByteView from) = 0;

  /// Writes what can be written without waiting and returns how much that was; 0 also when the stream is
  /// broken, which the next read or write reports. Not while a write_all() is pending.
  virtual std::size_t try_write(ByteView /*from*/) noexcept { return 0; }

  /// Ends our direction (TLS close_notify and TCP FIN) and goes on reading: what a drain does
  /// (data-channel.md 2.6).
  virtual void shutdown_send() noexcept = 0;

  /// Drops the connection at once. Pending reads and writes fail with operation_aborted. May be called
  /// repeatedly.
  virtual void close() noexcept = 0;

  /// Moves the stream to another executor. Nothing may be pending. The caller continues on the new executor
  /// by itself.
  virtual void rebind(boost::asio::any_io_executor executor) = 0;

  virtual boost::asio::any_io_executor executor() = 0;

  /// The peer's address without port, `10.0.0.7` or `2001:db8::1`; empty when there is none.
  virtual std::string peer_address() const = 0;
};

}  // namespace postern::net

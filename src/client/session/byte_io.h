#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace postern::client {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// Where a session's input comes from: standard input, a local socket, or a program's own data.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// At least one byte; 0 at the end. `into` must stay valid until this returns.
  virtual awaitable<std::size_t> read_some(std::span<std::uint8_t> into) = 0;
};

/// Where a session's output goes. One writer.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Writes what is taken without waiting and returns how much that was; 0 where a write could block, and on
  /// failure, which the next write_all() reports. Not while one is pending.
  virtual std::size_t try_write(ByteView /*bytes*/) noexcept { return 0; }
  /// `bytes` must stay valid until this returns. Throws system_error when nobody takes any more.
  virtual awaitable<void> write_all(ByteView bytes) = 0;
};

}  // namespace postern::client

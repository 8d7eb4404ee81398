#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace postern::client {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// Waits until a descriptor that is not ours can be read or written. It is watched through an epoll instance
/// of our own, because Asio would make it non-blocking, and that flag is shared with the shell that started
/// us and with everybody else who inherited the descriptor.
class DescriptorWatch {
 public:
  enum class For { kRead, kWrite };
  /// `fd` must stay open. A regular file is always ready.
  DescriptorWatch(const boost::asio::any_io_executor& executor, int fd, For what);
  awaitable<void> ready();

 private:
  boost::asio::posix::stream_descriptor epoll_;
  bool always_ = false;
};

/// Standard input.
class InputStream {
 public:
  InputStream(const boost::asio::any_io_executor& executor, int fd);
  /// At least one byte; 0 at the end of input or when the terminal has gone.
  awaitable<std::size_t> read_some(std::span<char> into);

 private:
  int fd_;
  DescriptorWatch watch_;
};

/// Standard output, written without ever blocking the thread, wherever the system allows it: a pipe or
/// terminal is opened anew for a non-blocking description of its own.
class OutputStream {
 public:
  OutputStream(const boost::asio::any_io_executor& executor, int fd);
  ~OutputStream();
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;
  /// Writes what is taken without waiting and returns how much that was; 0 where a write could block, and on
  /// failure, which the next write_all() reports. Not while one is pending.
  std::size_t try_write(ByteView bytes) noexcept;
  /// Throws system_error when nobody reads any more.
  awaitable<void> write_all(ByteView bytes);

 private:
  /// What is written to: `fd` itself, or its second opening.
  int fd_;
  bool own_;
  DescriptorWatch watch_;
};

}  // namespace postern::client

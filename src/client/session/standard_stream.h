#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "client/session/byte_io.h"

namespace postern::client {

/// Waits until a descriptor that is not ours can be read or written. It is watched through an epoll instance
/// of our own, because Asio would make it non-blocking, and that flag is shared with the shell that started
/// us and with everybody else who inherited the descriptor.
class DescriptorWatch {
 public:
  enum class For { kRead, kWrite };
  /// `fd` must stay open. A regular file is always ready.
  DescriptorWatch(const boost::asio::any_io_executor& executor, int fd, For what);
  awaitable<void> ready();
  bool always_ready() const { return always_; }

 private:
  boost::asio::posix::stream_descriptor epoll_;
  bool always_ = false;
};

/// Standard input.
class InputStream final : public ByteSource {
 public:
  InputStream(const boost::asio::any_io_executor& executor, int fd);
  /// 0 also when the terminal has gone.
  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override;

 private:
  int fd_;
  DescriptorWatch watch_;
};

/// Standard output or error, written without ever blocking the thread, wherever the system allows it: a pipe
/// or terminal is opened anew for a non-blocking description of its own, a socket is asked not to block.
class OutputStream final : public ByteSink {
 public:
  OutputStream(const boost::asio::any_io_executor& executor, int fd);
  ~OutputStream() override;
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;
  std::size_t try_write(ByteView bytes) noexcept override;
  awaitable<void> write_all(ByteView bytes) override;

 private:
  enum class Kind {
    /// Ours alone, and non-blocking.
    kOwn,
    kSocket,
    /// A file, which takes what it is given.
    kFile,
    /// Shared with others, and possibly blocking.
    kShared,
  };
  long write_once(ByteView bytes) noexcept;

  /// What is written to: `fd` itself, or its second opening.
  int fd_;
  Kind kind_;
  DescriptorWatch watch_;
};

/// Gives a pipe the room that bulk data wants. Does nothing for anything else.
void widen_pipe(int fd);

}  // namespace postern::client

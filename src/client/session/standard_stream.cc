#include "client/session/standard_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace postern::client {
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

// A pipe that is ready has room for this much (PIPE_BUF), so a write of it does not block even on a blocking
// descriptor.
constexpr std::size_t kSafeWriteBytes = 4096;

[[noreturn]] void throw_errno(const char* what) {
  throw system_error(error_code(errno, boost::system::system_category()), what);
}

// A descriptor for the same terminal or pipe whose flags are ours alone; -1 where that can't be. Not for
// files: a second opening would begin at their start.
int open_again(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0 ||
      !(S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(fd) == 1)))
    return -1;
  const auto path = fmt::format("/proc/self/fd/{}", fd);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int open_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw_errno("epoll_create1");
  return fd;
}

}  // namespace

DescriptorWatch::DescriptorWatch(const asio::any_io_executor& executor, int fd, For what)
    : epoll_(executor, open_epoll()) {
  epoll_event event{};
  event.events = what == For::kRead ? EPOLLIN : EPOLLOUT;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
    if (errno != EPERM) throw_errno("epoll_ctl");
    always_ = true;
  }
}

awaitable<void> DescriptorWatch::ready() {
  if (always_) co_return;
  co_await epoll_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

InputStream::InputStream(const asio::any_io_executor& executor, int fd)
    : fd_(fd), watch_(executor, fd, DescriptorWatch::For::kRead) {}

awaitable<std::size_t> InputStream::read_some(std::span<std::uint8_t> into) {
  for (;;) {
    co_await watch_.ready();
    const auto got = ::read(fd_, into.data(), into.size());
    if (got >= 0) co_return static_cast<std::size_t>(got);
    // A terminal that hung up answers EIO.
    if (errno != EINTR && errno != EAGAIN) co_return 0;
  }
}

OutputStream::OutputStream(const asio::any_io_executor& executor, int fd)
    : fd_(open_again(fd)),
      kind_(fd_ >= 0 ? Kind::kOwn : Kind::kShared),
      watch_(executor, fd_ >= 0 ? fd_ : fd, DescriptorWatch::For::kWrite) {
  if (kind_ == Kind::kOwn) return;
  fd_ = fd;
  struct stat status{};
  if (::fstat(fd, &status) != 0) return;
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::kSocket;
  if (watch_.always_ready()) kind_ = Kind::kFile;
}

OutputStream::~OutputStream() {
  if (kind_ == Kind::kOwn) ::close(fd_);
}

long OutputStream::write_once(ByteView bytes) noexcept {
  switch (kind_) {
    case Kind::kSocket:
      return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::kShared:
      return ::write(fd_, bytes.data(), std::min(bytes.size(), kSafeWriteBytes));
    case Kind::kOwn:
    case Kind::kFile:
      break;
  }
  return ::write(fd_, bytes.data(), bytes.size());
}

std::size_t OutputStream::try_write(ByteView bytes) noexcept {
  if (kind_ == Kind::kShared || bytes.empty()) return 0;
  const auto put = write_once(bytes);
  return put > 0 ? static_cast<std::size_t>(put) : 0;
}

awaitable<void> OutputStream::write_all(ByteView bytes) {
  bool blocked = false;
  while (!bytes.empty()) {
    // Where a write can't block, what is there to say is said before anything is waited for.
    if (kind_ == Kind::kShared || blocked) co_await watch_.ready();
    const auto put = write_once(bytes);
    blocked = put < 0 && errno == EAGAIN;
    if (put < 0 && errno != EINTR && !blocked) throw_errno("standard output");
    if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void widen_pipe(int fd) {
  // The most that users may have without privilege; where it is less, the pipe stays as it is.
  constexpr int kPipeBytes = 1024 * 1024;
  ::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
}

}  // namespace postern::client

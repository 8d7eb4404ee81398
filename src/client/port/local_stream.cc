#include "client/port/local_stream.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/socket_base.hpp>
#include <cerrno>
#include <utility>

namespace postern::client {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Written bytes are dropped from the front of what is pending from here on.
constexpr std::size_t kCompactBytes = 64 * 1024;

std::string text_of(int code) {
  return error_code(code, boost::system::system_category()).message();
}

}  // namespace

LocalStream::LocalStream(LocalSocket socket, LocalStreamOwner& owner)
    : socket_(std::move(socket)), owner_(&owner) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
}

LocalStream::LocalStream(const asio::any_io_executor& executor, LocalStreamOwner& owner)
    : socket_(executor), owner_(&owner) {}

void LocalStream::connect(LocalAddress address) {
  asio::co_spawn(socket_.get_executor(), connect_to(std::move(address)),
                 [self = shared_from_this()](const std::exception_ptr& thrown, ConnectResult made) {
                   if (self->closed_) return;
                   if (thrown) return self->fail("the connection could not be made");
                   if (!made.socket) return self->fail(made.problem);
                   self->adopt(std::move(*made.socket));
                 });
}

void LocalStream::adopt(LocalSocket socket) {
  socket_ = std::move(socket);
  error_code ignored;
  socket_.non_blocking(true, ignored);
  if (owner_ != nullptr) owner_->on_connected(*this);
  if (pending() > 0) want_write();
  finish_if_written();
}

void LocalStream::want_read() {
  if (reading_ || !is_open()) return;
  reading_ = true;
  socket_.async_wait(LocalSocket::wait_read, [self = shared_from_this()](const error_code& failure) {
    self->reading_ = false;
    if (!failure && self->owner_ != nullptr) self->owner_->on_readable(*self);
  });
}

LocalStream::Read LocalStream::read_some(std::span<std::uint8_t> into) {
  for (;;) {
    const auto got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) return {Read::Kind::kBytes, static_cast<std::size_t>(got)};
    if (got == 0) return {Read::Kind::kEnd};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {Read::Kind::kNothing};
    return {Read::Kind::kBroken, 0, text_of(errno)};
  }
}

std::size_t LocalStream::put(ByteView bytes) {
  if (closed_) return 0;
  std::size_t taken = 0;
  if (pending() == 0 && is_open()) {
    const auto put = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    // A failure shows itself again once the socket is said to be writable.
    if (put > 0) taken = static_cast<std::size_t>(put);
  }
  bytes = bytes.subspan(taken);
  if (bytes.empty()) return taken;
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  want_write();
  return taken;
}

void LocalStream::want_write() {
  if (writing_ || !is_open()) return;
  writing_ = true;
  socket_.async_wait(LocalSocket::wait_write, [self = shared_from_this()](const error_code& failure) {
    self->writing_ = false;
    if (!failure) self->write_pending();
  });
}

void LocalStream::write_pending() {
  std::size_t total = 0;
  while (pending() > 0) {
    const auto rest = ByteView(pending_).subspan(written_);
    const auto put = ::send(socket_.native_handle(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return fail(text_of(errno));
    if (put < 0) break;
    written_ += static_cast<std::size_t>(put);
    total += static_cast<std::size_t>(put);
  }
  if (pending() == 0) {
    pending_.clear();
    written_ = 0;
  } else if (written_ >= kCompactBytes && written_ >= pending()) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(written_));
    written_ = 0;
  }
  const auto self = shared_from_this();
  if (total > 0 && owner_ != nullptr) owner_->on_written(*this, total);
  finish_if_written();
  if (pending() > 0) want_write();
}

void LocalStream::end() {
  if (at_end_ == AtEnd::kStay) at_end_ = AtEnd::kShutdown;
  finish_if_written();
}

void LocalStream::close_when_written() {
  at_end_ = AtEnd::kClose;
  finish_if_written();
}

void LocalStream::finish_if_written() {
  if (pending() > 0 || !is_open()) return;
  error_code ignored;
  if (at_end_ == AtEnd::kShutdown) socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  if (at_end_ == AtEnd::kClose) close();
}

void LocalStream::abort() {
  error_code ignored;
  // Zero linger makes the system send RST.
  if (is_open()) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void LocalStream::close() {
  error_code ignored;
  closed_ = true;
  socket_.close(ignored);
  pending_.clear();
  written_ = 0;
}

void LocalStream::fail(std::string_view reason) {
  const auto self = shared_from_this();
  close();
  if (auto* owner = std::exchange(owner_, nullptr)) owner->on_broken(*this, reason);
}

}  // namespace postern::client

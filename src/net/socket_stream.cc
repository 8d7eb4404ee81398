#include "net/socket_stream.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace postern::net {
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// So many reads without a wait, then everybody else has a turn. A read takes up to about 128 KiB at a time
/// where the peer sends so much, so this is below a millisecond.
constexpr unsigned kReadsInARow = 4;

std::string address_of(const SocketStream::Socket& socket) {
  error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return {};
  auto address = endpoint.address();
  // A dual-stack listener sees IPv4 peers as ::ffff:10.0.0.7.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

}  // namespace

SocketStream::SocketStream(Socket socket) : socket_(std::move(socket)), peer_address_(address_of(socket_)) {
  socket_.non_blocking(true);
  socket_.native_non_blocking(true);
  error_code ignored;  // a peer that has gone already shows at the first read
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

awaitable<void> SocketStream::wait_readable() {
  throw_if_closed();
  if (!has_pending()) co_await wait_read();
}

awaitable<void> SocketStream::wait_read() {
  reads_in_a_row_ = 0;
  co_await socket_.async_wait(Socket::wait_read, asio::use_awaitable);
  throw_if_closed();
}

awaitable<void> SocketStream::wait_write() {
  co_await socket_.async_wait(Socket::wait_write, asio::use_awaitable);
  throw_if_closed();
}

awaitable<void> SocketStream::take_turns() {
  throw_if_closed();
  if (++reads_in_a_row_ < kReadsInARow) co_return;
  reads_in_a_row_ = 0;
  co_await asio::post(socket_.get_executor(), asio::use_awaitable);
  throw_if_closed();
}

void SocketStream::throw_if_closed() const {
  if (!socket_.is_open()) throw system_error(asio::error::operation_aborted);
}

void SocketStream::rebind(asio::any_io_executor executor) {
  error_code ec;
  const auto protocol = socket_.local_endpoint().protocol();
  const auto descriptor = socket_.release();
  socket_ = Socket(std::move(executor));
  socket_.assign(protocol, descriptor, ec);
  if (ec) {
    ::close(descriptor);
    throw system_error(ec);
  }
  socket_.non_blocking(true);
}

TcpStream::TcpStream(Socket socket) : SocketStream(std::move(socket)) {}

awaitable<std::size_t> TcpStream::read_some(std::span<std::uint8_t> into) {
  co_await take_turns();
  for (;;) {
    error_code ec;
    const auto size = socket_.read_some(asio::buffer(into.data(), into.size()), ec);
    last_read_was_full_ = size == into.size();
    if (!ec) co_return size;
    if (ec == asio::error::eof) co_return 0;
    if (ec != asio::error::would_block) throw system_error(ec);
    co_await wait_read();
  }
}

awaitable<void> TcpStream::write_all(ByteView from) {
  throw_if_closed();
  while (!from.empty()) {
    error_code ec;
    const auto size = socket_.write_some(asio::buffer(from.data(), from.size()), ec);
    from = from.subspan(size);
    if (ec == asio::error::would_block) {
      co_await wait_write();
    } else if (ec) {
      throw system_error(ec);
    }
  }
}

std::size_t TcpStream::try_write(ByteView from) noexcept {
  error_code ignored;
  return socket_.is_open() ? socket_.write_some(asio::buffer(from.data(), from.size()), ignored) : 0;
}

void TcpStream::shutdown_send() noexcept {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void TcpStream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

awaitable<std::optional<std::uint8_t>> TcpStream::peek() {
  for (;;) {
    throw_if_closed();
    std::uint8_t first = 0;
    error_code ec;
    socket_.receive(asio::buffer(&first, 1), Socket::message_peek, ec);
    if (!ec) co_return first;
    if (ec == asio::error::eof) co_return std::nullopt;
    if (ec != asio::error::would_block) throw system_error(ec);
    co_await wait_read();
  }
}

}  // namespace postern::net

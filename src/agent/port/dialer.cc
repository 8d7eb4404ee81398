#include "agent/port/dialer.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>

#include "net/timeout.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

using Dialed = std::expected<Dialer::Connection, std::string>;

net::awaitable<void> wait_writable(Dialer::Connection& connection) {
  co_await connection.async_wait(Dialer::Connection::wait_write, asio::use_awaitable);
}

net::awaitable<Dialed> connect_to(asio::any_io_executor executor, asio::ip::tcp::endpoint endpoint) {
  const int descriptor =
      ::socket(endpoint.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) co_return std::unexpected(reason_of(errno));
  Dialer::Connection connection(executor, descriptor);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0)
    co_return connection;
  if (errno != EINPROGRESS) co_return std::unexpected(reason_of(errno));
  try {
    co_await net::with_timeout(wait_writable(connection), Dialer::kConnectTimeout);
  } catch (const boost::system::system_error& failure) {
    co_return std::unexpected(failure.code() == asio::error::timed_out ? reason_of(ETIMEDOUT)
                                                                       : failure.code().message());
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) co_return std::unexpected(reason_of(error));
  co_return connection;
}

}  // namespace

std::string reason_of(int error) {
  if (error == ETIMEDOUT) return "connection timed out";
  std::string text = std::strerror(error);
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') text[0] += 'a' - 'A';
  return text;
}

Dialer::Dialer(asio::any_io_executor executor, AddressRules rules)
    : executor_(executor), rules_(std::move(rules)), resolver_(executor) {}

net::awaitable<Dialed> Dialer::dial(Target target) {
  if (const auto* socket = std::get_if<UnixTarget>(&target)) co_return dial_unix(*socket);
  co_return co_await dial_tcp(std::get<TcpTarget>(std::move(target)));
}

net::awaitable<Dialed> Dialer::dial_tcp(TcpTarget target) {
  const auto addresses = co_await resolver_.resolve(target.host);
  if (!addresses) co_return std::unexpected(addresses.error());
  std::string first_reason;
  for (const auto& address : *addresses) {
    std::string reason;
    if (rules_.denies(address)) {
      reason = "forwarding to " + address.to_string() + " is denied by this agent";
    } else {
      auto connection = co_await connect_to(executor_, {address, target.port});
      if (connection) co_return std::move(*connection);
      reason = std::move(connection.error());
    }
    if (first_reason.empty()) first_reason = std::move(reason);
  }
  co_return std::unexpected(first_reason);
}

Dialed Dialer::dial_unix(const UnixTarget& target) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, target.path.data(),
              std::min(target.path.size(), sizeof address.sun_path - 1));
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(reason_of(errno));
  Connection connection(executor_, descriptor);
  // It connects at once or not at all: EAGAIN is a full backlog.
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(errno == EAGAIN ? "the socket's backlog is full" : reason_of(errno));
  }
  return connection;
}

}  // namespace postern::agent

#include "client/port/listener.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <stdexcept>
#include <variant>

#include "client/port/port_owner.h"

namespace postern::client {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using UnixSocket = asio::local::stream_protocol;

namespace {

// Without descriptors to accept with, the next try is worth waiting for.
constexpr std::chrono::milliseconds kRetryAccept{100};

std::string bind_problem(const tcp::endpoint& endpoint, const error_code& failure) {
  const auto shown = join_host_port(endpoint.address().to_string(), endpoint.port());
  if (failure != boost::system::errc::address_in_use)
    return fmt::format("can't listen on {}: {}", shown, failure.message());
  const auto owner = owner_of_port(endpoint.port());
  return fmt::format("local port {} is in use{}; choose another one, or 0 for any that is free", shown,
                     owner.empty() ? "" : " by " + owner);
}

// A numeric address, or what the name first resolves to.
tcp::endpoint endpoint_of(const asio::any_io_executor& executor, const LocalAddress& address) {
  error_code failure;
  const auto literal = asio::ip::make_address(address.host, failure);
  if (!failure) return {literal, address.port};
  // Before anything else runs, so nobody is held up; `localhost` means IPv4 here, as with official clients.
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(tcp::v4(), address.host, std::to_string(address.port),
                                      tcp::resolver::numeric_service, failure);
  if (failure || found.empty())
    throw std::runtime_error(fmt::format("can't listen on {}: {}", address.to_string(), failure.message()));
  return found.begin()->endpoint();
}

// Nobody answers behind the file, so whoever made it is gone.
bool is_abandoned(const std::string& path, const asio::any_io_executor& executor) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  UnixSocket::socket probe(executor);
  error_code failure;
  probe.connect(UnixSocket::endpoint(path), failure);
  return failure == boost::system::errc::connection_refused;
}

template <class Acceptor, class Endpoint>
error_code bind_to(Acceptor& acceptor, const Endpoint& endpoint) {
  error_code failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure && endpoint.protocol().family() != AF_UNIX)
    acceptor.set_option(asio::socket_base::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  return failure;
}

}  // namespace

struct Listener::State : std::enable_shared_from_this<State> {
  explicit State(const asio::any_io_executor& executor)
      : tcp_acceptor(executor), unix_acceptor(executor), retry(executor) {}

  void listen_tcp(const tcp::endpoint& endpoint) {
    if (const auto failure = bind_to(tcp_acceptor, endpoint))
      throw std::runtime_error(bind_problem(endpoint, failure));
    const auto bound = tcp_acceptor.local_endpoint();
    address = {bound.address().to_string(), bound.port(), ""};
  }

  void listen_unix(const std::string& path) {
    // Only whoever runs this may connect.
    const auto former = ::umask(0177);
    auto failure = bind_to(unix_acceptor, UnixSocket::endpoint(path));
    if (failure == boost::system::errc::address_in_use && is_abandoned(path, retry.get_executor())) {
      ::unlink(path.c_str());
      unix_acceptor.close();
      failure = bind_to(unix_acceptor, UnixSocket::endpoint(path));
    }
    ::umask(former);
    if (failure) throw std::runtime_error(fmt::format("can't listen on {}: {}", path, failure.message()));
    address = {"", 0, path};
  }

  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    acceptor.async_accept([self = shared_from_this(), &acceptor](const error_code& failure, auto socket) {
      if (failure == asio::error::operation_aborted || !self->taken) return;
      if (failure) return self->accept_later(acceptor);
      if constexpr (std::is_same_v<Acceptor, tcp::acceptor>) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
      }
      self->taken(LocalSocket(std::move(socket)));
      // Its owner may have stopped listening over this.
      if (acceptor.is_open()) self->accept(acceptor);
    });
  }

  template <class Acceptor>
  void accept_later(Acceptor& acceptor) {
    retry.expires_after(kRetryAccept);
    retry.async_wait([self = shared_from_this(), &acceptor](const error_code& cancelled) {
      if (!cancelled && acceptor.is_open()) self->accept(acceptor);
    });
  }

  void stop() {
    error_code ignored;
    tcp_acceptor.close(ignored);
    unix_acceptor.close(ignored);
    retry.cancel();
    taken = nullptr;
    if (address.is_unix()) ::unlink(address.path.c_str());
  }

  tcp::acceptor tcp_acceptor;
  UnixSocket::acceptor unix_acceptor;
  asio::steady_timer retry;
  LocalAddress address;
  std::function<void(LocalSocket)> taken;
};

Listener::Listener(const asio::any_io_executor& executor, const LocalAddress& address)
    : state_(std::make_shared<State>(executor)) {
  if (address.is_unix())
    state_->listen_unix(address.path);
  else
    state_->listen_tcp(endpoint_of(executor, address));
}

Listener::~Listener() {
  if (state_) state_->stop();
}

Listener::Listener(Listener&&) noexcept = default;

Listener& Listener::operator=(Listener&& other) noexcept {
  if (state_ && state_ != other.state_) state_->stop();
  state_ = std::move(other.state_);
  return *this;
}

const LocalAddress& Listener::address() const {
  return state_->address;
}

void Listener::start(std::function<void(LocalSocket)> taken) {
  state_->taken = std::move(taken);
  if (state_->address.is_unix())
    state_->accept(state_->unix_acceptor);
  else
    state_->accept(state_->tcp_acceptor);
}

}  // namespace postern::client

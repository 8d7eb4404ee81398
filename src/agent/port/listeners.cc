#include "agent/port/listeners.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "agent/spawn.h"
#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

constexpr int kBacklog = 128;
// When there are no descriptors, say: others may close theirs.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};

using boost::system::error_code;

error_code listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  // One socket for both families.
  if (!ec && endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (ec) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return ec;
}

error_code listen(tcp::acceptor& acceptor, const PortListener& listener) {
  if (listener.bind != "*") {
    const auto address = listener.bind == "localhost" ? asio::ip::address(asio::ip::address_v4::loopback())
                                                      : asio::ip::make_address(listener.bind);
    return listen(acceptor, {address, listener.port});
  }
  const auto ec = listen(acceptor, {tcp::v6(), listener.port});
  // A kernel without IPv6.
  return ec == asio::error::address_family_not_supported ? listen(acceptor, {tcp::v4(), listener.port}) : ec;
}

}  // namespace

Listeners::Listeners(asio::any_io_executor executor, OnConnection on_connection)
    : executor_(executor), on_connection_(std::move(on_connection)) {}

std::expected<std::uint16_t, std::string> Listeners::open(const PortListener& listener) {
  auto& acceptor = *acceptors_.emplace_back(std::make_unique<tcp::acceptor>(executor_));
  if (const auto ec = listen(acceptor, listener)) return std::unexpected(reason_of(ec.value()));
  error_code ec;
  const auto port = acceptor.local_endpoint(ec).port();
  log::info("port_listening", {{"bind", listener.bind}, {"port", static_cast<std::int64_t>(port)}});
  spawn(executor_, "port_listener", accept(acceptors_.size() - 1));
  return port;
}

net::awaitable<void> Listeners::accept(std::size_t index) {
  auto& acceptor = *acceptors_[index];
  asio::steady_timer pause(executor_);
  while (acceptor.is_open()) {
    auto [ec, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!acceptor.is_open()) co_return;
    if (ec) {
      pause.expires_after(kPauseAfterFailure);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.native_non_blocking(true, ignored);
    const int descriptor = socket.release(ignored);
    if (!ignored) on_connection_(index, Dialer::Connection(executor_, descriptor));
  }
}

void Listeners::close() {
  error_code ignored;
  for (const auto& acceptor : acceptors_) acceptor->close(ignored);
}

}  // namespace postern::agent

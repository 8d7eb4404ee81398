#include "agent/keep_alive.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace postern::agent {
namespace {

constexpr std::chrono::seconds kPingInterval{30};
constexpr std::chrono::seconds kDeadAfter{75};

}  // namespace

net::awaitable<void> keep_alive(std::weak_ptr<net::WebSocket> socket) {
  using Clock = std::chrono::steady_clock;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  auto next_ping = Clock::now() + kPingInterval;
  for (;;) {
    auto wakeup = next_ping;
    if (const auto alive = socket.lock()) wakeup = std::min(wakeup, alive->last_received() + kDeadAfter);
    timer.expires_at(wakeup);
    co_await timer.async_wait(boost::asio::use_awaitable);
    const auto alive = socket.lock();
    if (!alive || !alive->is_open()) co_return;
    const auto now = Clock::now();
    if (now - alive->last_received() >= kDeadAfter) {
      log::warning("service_silent", {{"seconds", static_cast<std::int64_t>(kDeadAfter.count())}});
      alive->close();
      co_return;
    }
    if (now >= next_ping) {
      alive->send(net::WsOpcode::kPing, as_bytes("keepalive"));
      next_ping = now + kPingInterval;
    }
  }
}

}  // namespace postern::agent

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "net/stream.h"

namespace postern::agent {

/// Wakes the one coroutine that waits for a change, on the same executor. The waiter looks at what it waits
/// for and, without any co_await in between, waits: so no notification is lost.
class Signal {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Signal(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}

  /// Until notify() or `deadline`. May wake without a reason.
  net::awaitable<void> wait(Time deadline = Time::max()) {
    timer_.expires_at(deadline);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  void notify() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace postern::agent

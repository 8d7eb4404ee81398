#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "client/session/byte_io.h"

namespace postern::client {

/// Lets one coroutine wait until another says that something has changed. notify() wakes only who waits
/// already, so the waiter looks at the state again before each wait. One waiter; everything on one executor.
class Event {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Event(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  awaitable<void> wait() { return wait_until(Time::max()); }
  /// Returns at `limit` at the latest.
  awaitable<void> wait_until(Time limit) {
    timer_.expires_at(limit);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  void notify() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace postern::client

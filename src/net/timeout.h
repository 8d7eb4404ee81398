#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

#include "net/stream.h"

namespace postern::net {

/// Runs `op` for at most `limit`; past it `op` is cancelled and system_error(timed_out) thrown. The first to
/// finish, well or badly, decides, and the other has ended by the time this returns.
template <class T>
awaitable<T> with_timeout(awaitable<T> op, std::chrono::steady_clock::duration limit) {
  namespace asio = boost::asio;
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, limit);
  auto work = asio::co_spawn(executor, std::move(op), asio::deferred);
  auto alarm = timer.async_wait(asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(work), std::move(alarm));
  if constexpr (std::is_void_v<T>) {
    auto [order, failure, ec] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1) throw boost::system::system_error(asio::error::timed_out);
    if (failure) std::rethrow_exception(failure);
  } else {
    auto [order, failure, value, ec] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1) throw boost::system::system_error(asio::error::timed_out);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(value);
  }
}

}  // namespace postern::net

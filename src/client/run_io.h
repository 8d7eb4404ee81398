#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "net/runtime.h"

namespace postern::client {

/// Runs one coroutine to its end on this thread; gives its result or rethrows.
template <class T>
T run_io(boost::asio::awaitable<T> task) {
  net::ignore_sigpipe();
  boost::asio::io_context context(1);
  std::exception_ptr failure;
  std::optional<T> result;
  boost::asio::co_spawn(context, std::move(task), [&](const std::exception_ptr& thrown, T value) {
    failure = thrown;
    if (!thrown) result.emplace(std::move(value));
    // What is left, such as a name resolution nobody waits for, must not hold up the end of the program.
    context.stop();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

}  // namespace postern::client

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "net/stream.h"

namespace postern::net::testing {

/// Runs the context until `op` is done and gives its result or rethrows. Other work of the context may be
/// left pending. Throws runtime_error when it takes longer than a test ever should.
template <class T>
T run(boost::asio::io_context& context, awaitable<T> op) {
  std::exception_ptr failure;
  bool done = false;
  const auto finish = [&] {
    context.restart();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done) {
      // Nothing left to run although the operation is not done: it waits for ever.
      if (context.run_one_until(deadline) == 0) throw std::runtime_error("the coroutine never finished");
    }
    if (failure) std::rethrow_exception(failure);
  };
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(context, std::move(op), [&](const std::exception_ptr& thrown) {
      failure = thrown;
      done = true;
    });
    finish();
  } else {
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(op), [&](const std::exception_ptr& thrown, T value) {
      failure = thrown;
      if (!thrown) result.emplace(std::move(value));
      done = true;
    });
    finish();
    return std::move(*result);
  }
}

}  // namespace postern::net::testing

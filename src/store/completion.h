#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <memory>

namespace postern::store {

/// One answer from a database thread to one coroutine. The coroutine owns it as a local; the database thread
/// holds only what finisher() returns, which may outlive the coroutine and even its io_context: then the
/// answer goes nowhere.
class Completion {
 public:
  using Finisher = std::move_only_function<void(std::exception_ptr failure)>;

  /// `executor` is the coroutine's own.
  explicit Completion(const boost::asio::any_io_executor& executor);
  ~Completion();
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  /// To be called once, from any thread.
  Finisher finisher();

  /// Returns once finished, or throws the failure. Cancelled: throws operation_aborted, unless the answer is
  /// already there.
  boost::asio::awaitable<void> wait();

 private:
  struct Shared;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace postern::store

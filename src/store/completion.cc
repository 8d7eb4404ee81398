#include "store/completion.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <mutex>
#include <optional>

namespace postern::store {
namespace {

namespace asio = boost::asio;

// Says whether an execution context still takes work. A context shuts its services down in the reverse order
// of their making, so this closes before the scheduler goes; whoever posts while holding the mutex posts to a
// living context.
class Gate : public asio::execution_context::service {
 public:
  using key_type = Gate;
  static inline asio::execution_context::id id;

  struct State {
    std::mutex mutex;
    bool open = true;
  };

  explicit Gate(asio::execution_context& context) : service(context) {}
  std::shared_ptr<State> state() const { return state_; }

 private:
  void shutdown() override {
    const std::lock_guard lock(state_->mutex);
    state_->open = false;
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

std::shared_ptr<Gate::State> gate_of(const asio::any_io_executor& executor) {
  return asio::use_service<Gate>(asio::query(executor, asio::execution::context)).state();
}

}  // namespace

struct Completion::Shared {
  // Its mutex guards everything below.
  std::shared_ptr<Gate::State> gate;
  // Both empty once the coroutine is gone: an executor must not outlive its context.
  std::optional<asio::any_io_executor> executor;
  asio::steady_timer* timer = nullptr;
  bool finished = false;
  std::exception_ptr failure;

  // Runs on the coroutine's executor.
  void wake() {
    const std::lock_guard lock(gate->mutex);
    // Also ends a wait that has not begun yet.
    if (timer != nullptr) timer->expires_at(asio::steady_timer::time_point::min());
  }
};

Completion::Completion(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()), shared_(std::make_shared<Shared>()) {
  shared_->gate = gate_of(executor);
  shared_->executor = executor;
  shared_->timer = &timer_;
}

Completion::~Completion() {
  const std::lock_guard lock(shared_->gate->mutex);
  shared_->executor.reset();
  shared_->timer = nullptr;
}

Completion::Finisher Completion::finisher() {
  return [shared = shared_](std::exception_ptr failure) {
    const std::lock_guard lock(shared->gate->mutex);
    shared->finished = true;
    shared->failure = std::move(failure);
    if (!shared->gate->open || !shared->executor) return;
    asio::post(*shared->executor, [shared] { shared->wake(); });
  };
}

asio::awaitable<void> Completion::wait() {
  // Whether it was woken or cancelled, what counts is whether the answer is there.
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  const std::lock_guard lock(shared_->gate->mutex);
  if (!shared_->finished) throw boost::system::system_error(asio::error::operation_aborted);
  if (shared_->failure) std::rethrow_exception(shared_->failure);
}

}  // namespace postern::store

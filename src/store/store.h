#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/secret.h"
#include "store/error.h"
#include "store/repositories.h"
#include "store/sealer.h"

namespace postern::store {

class Engine;

/// The durable records. Owns a small pool of database threads, so nothing here blocks an io thread.
/// Thread-safe; must outlive every coroutine that awaits it.
class Store {
 public:
  /// Opens (or creates) the SQLite database and applies pending migrations. WAL, synchronous=FULL. Throws
  /// StoreError.
  static std::unique_ptr<Store> open_sqlite(const std::filesystem::path& file, Sealer sealer);
  /// Connects to a PostgreSQL database (`postgresql://...`), which must be there and may be empty, and
  /// applies pending migrations. A connection that breaks later fails the work under way; the next work
  /// connects anew. Throws StoreError.
  static std::unique_ptr<Store> open_postgresql(const Secret& url, Sealer sealer);
  /// Finishes what is queued.
  ~Store();

  /// Runs `work` in one transaction on a database thread and resumes the calling coroutine on its own
  /// executor with the result, once it is on disk. What `work` throws rolls back and is rethrown to the
  /// caller; a database that fails is a StoreError, and then nothing of `work` has been stored. `work` must
  /// own what it uses, and is destroyed on the database thread. Work queued at the same time may share one
  /// commit, but not each other's failures. PostgreSQL runs nothing more of a work in which a statement has
  /// failed. A coroutine that is cancelled stops waiting; the work is done all the same.
  template <class F>
  auto run(F work) -> boost::asio::awaitable<std::invoke_result_t<F&, Repositories&>> {
    return submit_for_result(Access::kWrite, std::move(work));
  }

  /// As run(), for reads only: no write transaction is opened, so readers don't wait for the writer. They see
  /// what was stored when they began, throughout.
  template <class F>
  auto read(F work) -> boost::asio::awaitable<std::invoke_result_t<F&, Repositories&>> {
    return submit_for_result(Access::kRead, std::move(work));
  }

  /// As run(), while the calling thread waits: for start-up and command-line tools. Never from within `work`.
  template <class F>
  auto run_blocking(F work) -> std::invoke_result_t<F&, Repositories&> {
    using Result = std::invoke_result_t<F&, Repositories&>;
    auto result = std::make_shared<Slot<Result>>();
    submit_and_block(into_slot<Result>(std::move(work), result));
    if constexpr (!std::is_void_v<Result>) return std::move(**result);
  }

  /// Queues `work` in order behind everything queued before, without waiting; a failure is logged under
  /// `what`.
  void post(std::string what, std::function<void(Repositories&)> work);

  /// Waits until everything posted so far is on disk, or has been logged as failed.
  boost::asio::awaitable<void> flush();

 private:
  enum class Access { kRead, kWrite };
  using Work = std::move_only_function<void(Repositories&)>;

  struct Nothing {};
  template <class Result>
  using Slot = std::optional<std::conditional_t<std::is_void_v<Result>, Nothing, Result>>;

  explicit Store(std::unique_ptr<Engine> engine);

  template <class Connect>
  static std::unique_ptr<Store> open(Connect connect, Sealer sealer);

  template <class Result, class F>
  static Work into_slot(F work, std::shared_ptr<Slot<Result>> slot) {
    return [work = std::move(work), slot = std::move(slot)](Repositories& repositories) mutable {
      if constexpr (std::is_void_v<Result>) {
        work(repositories);
      } else {
        slot->emplace(work(repositories));
      }
    };
  }

  template <class F>
  auto submit_for_result(Access access, F work)
      -> boost::asio::awaitable<std::invoke_result_t<F&, Repositories&>> {
    using Result = std::invoke_result_t<F&, Repositories&>;
    // Shared, because the work goes on when this coroutine is cancelled.
    auto result = std::make_shared<Slot<Result>>();
    auto erased = into_slot<Result>(std::move(work), result);
    co_await submit(access, std::move(erased));
    if constexpr (!std::is_void_v<Result>) co_return std::move(**result);
  }

  boost::asio::awaitable<void> submit(Access access, Work work);
  void submit_and_block(Work work);

  std::unique_ptr<Engine> engine_;
};

}  // namespace postern::store

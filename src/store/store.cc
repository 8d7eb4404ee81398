#include "store/store.h"

#include <boost/asio/this_coro.hpp>
#include <future>

#include "base/log.h"
#include "store/completion.h"
#include "store/engine.h"
#include "store/migrations.h"

namespace postern::store {
namespace {

constexpr int kReaders = 2;

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

Store::Store(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open_sqlite(const std::filesystem::path& file, Sealer sealer) {
  return open([&file](Connection::Mode mode) { return Connection::open_sqlite(file, mode); },
              std::move(sealer));
}

std::unique_ptr<Store> Store::open_postgresql(const Secret& url, Sealer sealer) {
  return open([&url](Connection::Mode mode) { return Connection::open_postgresql(url, mode); },
              std::move(sealer));
}

template <class Connect>
std::unique_ptr<Store> Store::open(Connect connect, Sealer sealer) {
  auto writer = connect(Connection::Mode::kReadWrite);
  migrate(writer.sql(), built_in_migrations());
  std::vector<Connection> readers;
  for (int i = 0; i < kReaders; ++i) readers.push_back(connect(Connection::Mode::kReadOnly));
  auto engine = std::make_unique<Engine>(std::move(writer), std::move(readers), std::move(sealer));
  return std::unique_ptr<Store>(new Store(std::move(engine)));
}

boost::asio::awaitable<void> Store::submit(Access access, Work work) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Completion completion(executor);
  engine_->submit(access == Access::kRead ? Engine::Access::kRead : Engine::Access::kWrite,
                  Job{std::move(work), completion.finisher()});
  co_await completion.wait();
}

void Store::submit_and_block(Work work) {
  std::promise<void> promise;
  auto future = promise.get_future();
  engine_->submit(Engine::Access::kWrite, Job{std::move(work), [&promise](const std::exception_ptr& failure) {
                                                if (failure) return promise.set_exception(failure);
                                                promise.set_value();
                                              }});
  future.get();
}

void Store::post(std::string what, std::function<void(Repositories&)> work) {
  engine_->submit(Engine::Access::kWrite,
                  Job{std::move(work), [what = std::move(what)](const std::exception_ptr& failure) {
                        if (!failure) return;
                        log::error("store_write_failed", {{"what", what}, {"error", message_of(failure)}});
                      }});
}

boost::asio::awaitable<void> Store::flush() {
  return submit(Access::kWrite, [](Repositories&) {});
}

}  // namespace postern::store

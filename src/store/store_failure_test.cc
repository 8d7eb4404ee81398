#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "store/engine.h"
#include "store/error.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

/// While it lives, no file of this process can grow beyond `bytes`: to SQLite that is a disk that refuses
/// writes.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_ = {};
  void (*handler_)(int);
};

class StoreFailure : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& value) {
    await(store_->run([=](Repositories& all) { all.settings.put(name, value); }));
  }
  std::optional<std::string> get(const std::string& name) {
    return await(store_->read([=](Repositories& all) { return all.settings.find(name); }));
  }

  TestDirectory directory_;
  std::unique_ptr<Store> store_ = Store::open_sqlite(directory_ / "db", test_sealer());
};

TEST_F(StoreFailure, FullDiskFailsTheOperationAndLaterOnesWork) {
  put("before", "kept");
  {
    const FullDisk full(std::filesystem::file_size(directory_ / "db-wal"));
    EXPECT_THROW(put("small", "lost at the commit"), StoreError);
    // Larger than SQLite's cache, so that it fails in the middle.
    EXPECT_THROW(put("large", std::string(8 << 20, 'x')), StoreError);
    EXPECT_EQ(get("before"), "kept");
  }
  put("after", "stored");
  EXPECT_EQ(get("before"), "kept");
  EXPECT_EQ(get("small"), std::nullopt);
  EXPECT_EQ(get("large"), std::nullopt);
  EXPECT_EQ(get("after"), "stored");
}

TEST_F(StoreFailure, FullDiskFailsEveryoneInTheGroup) {
  put("before", "kept");
  {
    const FullDisk full(std::filesystem::file_size(directory_ / "db-wal"));
    boost::asio::io_context context;
    int failed = 0;
    for (int i = 0; i < 30; ++i) {
      boost::asio::co_spawn(context, store_->run([i](Repositories& all) {
        // Some are larger than SQLite's cache and break the transaction in the middle of a group.
        const auto size = i % 7 == 3 ? 4U << 20 : 10U;
        all.settings.put(std::to_string(i), std::string(size, 'x'));
      }),
                            [&failed](const std::exception_ptr& failure) { failed += failure != nullptr; });
    }
    context.run();
    EXPECT_EQ(failed, 30);
  }
  for (int i = 0; i < 30; ++i) EXPECT_EQ(get(std::to_string(i)), std::nullopt) << i;
  put("after", "stored");
  EXPECT_EQ(get("after"), "stored");
}

TEST_F(StoreFailure, DatabaseErrorInsideWorkCanBeHandledThere) {
  // A work that tries the same name twice and goes on: the statement is undone, not the work.
  await(store_->run([](Repositories& all) {
    all.users.add({.user_id = "AIDA1", .name = "bob", .arn = "arn:bob", .created = at(0)});
    try {
      all.users.add({.user_id = "AIDA2", .name = "bob", .arn = "arn:bob2", .created = at(0)});
    } catch (const StoreError&) {
      all.settings.put("second", "refused");
    }
  }));
  EXPECT_EQ(get("second"), "refused");
  EXPECT_EQ(await(store_->read([](Repositories& all) { return all.users.count(); })), 1U);
}

TEST(JobQueue, RefusesWhenFullOrClosedAndLeavesTheJob) {
  JobQueue queue;
  for (std::size_t i = 0; i < JobQueue::kMaxJobs; ++i) {
    Job job{[](Repositories&) {}, {}};
    ASSERT_TRUE(queue.push(job));
  }
  Job job{[](Repositories&) {}, {}};
  EXPECT_FALSE(queue.push(job));
  EXPECT_TRUE(job.work);
  EXPECT_EQ(queue.take(3).size(), 3U);
  queue.close();
  EXPECT_FALSE(queue.push(job));
  EXPECT_EQ(queue.take(2 * JobQueue::kMaxJobs).size(), JobQueue::kMaxJobs - 3)
      << "what was queued is still taken";
  EXPECT_TRUE(queue.take(1).empty());
}

}  // namespace
}  // namespace postern::store

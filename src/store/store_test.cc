#include "store/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <latch>
#include <semaphore>
#include <thread>

#include "store/test_store.h"

namespace postern::store {
namespace {

namespace asio = boost::asio;

class StoreTest : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& value) {
    store_->run_blocking([=](Repositories& all) { all.settings.put(name, value); });
  }
  std::optional<std::string> get(const std::string& name) {
    return await(store_->read([=](Repositories& all) { return all.settings.find(name); }));
  }
  void reopen() {
    store_.reset();
    store_ = storage_.open();
  }

  /// Keeps the writing thread busy until release(), so that what is queued meanwhile is seen at once.
  void hold_writer() {
    std::latch held(1);
    store_->post("hold", [this, &held](Repositories&) {
      held.count_down();
      released_.acquire();
    });
    held.wait();
  }
  void release() { released_.release(); }

  TestStorage storage_;
  std::binary_semaphore released_{0};
  std::unique_ptr<Store> store_ = storage_.open();
};

TEST_F(StoreTest, RunReturnsTheResultAndStores) {
  const auto answer = await(store_->run([](Repositories& all) {
    all.settings.put("colour", "green");
    return std::string("done");
  }));
  EXPECT_EQ(answer, "done");
  EXPECT_EQ(get("colour"), "green");
}

TEST_F(StoreTest, RunTakesWhatOnlyMoves) {
  auto value = std::make_unique<std::string>("green");
  auto back = await(store_->run([value = std::move(value)](Repositories& all) mutable {
    all.settings.put("colour", *value);
    return std::move(value);
  }));
  EXPECT_EQ(*back, "green");
}

TEST_F(StoreTest, RunBlockingReturnsAndThrows) {
  EXPECT_EQ(store_->run_blocking([](Repositories&) { return 42; }), 42);
  EXPECT_THROW(store_->run_blocking([](Repositories&) { throw std::logic_error("no"); }), std::logic_error);
}

TEST_F(StoreTest, ThrowingRollsBackAndReachesTheCaller) {
  EXPECT_THROW(await(store_->run([](Repositories& all) {
                 all.settings.put("colour", "red");
                 throw std::domain_error("changed my mind");
               })),
               std::domain_error);
  EXPECT_EQ(get("colour"), std::nullopt);
}

TEST_F(StoreTest, ReadersCannotWrite) {
  EXPECT_THROW(await(store_->read([](Repositories& all) { all.settings.put("colour", "red"); })), StoreError);
  EXPECT_EQ(get("colour"), std::nullopt);
}

TEST_F(StoreTest, ReadersDoNotWaitForTheWriter) {
  put("colour", "green");
  hold_writer();
  EXPECT_EQ(get("colour"), "green");
  release();
}

TEST_F(StoreTest, ReopeningKeepsWhatWasStored) {
  put("colour", "green");
  reopen();
  EXPECT_EQ(get("colour"), "green");
}

TEST_F(StoreTest, ClosingFinishesWhatWasPosted) {
  hold_writer();
  for (int i = 0; i < 200; ++i) {
    store_->post("count", [=](Repositories& all) { all.settings.put("last", std::to_string(i)); });
  }
  release();
  reopen();
  EXPECT_EQ(get("last"), "199");
}

TEST_F(StoreTest, PostsRunInOrderAndFlushWaitsForThem) {
  std::vector<int> order;
  for (int i = 0; i < 300; ++i) {
    store_->post("order", [&order, i](Repositories& all) {
      order.push_back(i);
      all.settings.put("last", std::to_string(i));
    });
  }
  await(store_->flush());
  ASSERT_EQ(order.size(), 300U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(get("last"), "299");
}

TEST_F(StoreTest, OneFailureInAGroupSparesTheOthers) {
  hold_writer();
  asio::io_context context;
  std::vector<std::future<int>> results;
  for (int i = 0; i < 20; ++i) {
    results.push_back(asio::co_spawn(context, store_->run([i](Repositories& all) {
      all.settings.put("job " + std::to_string(i), "done");
      if (i % 3 == 0) throw std::domain_error("every third");
      return i;
    }),
                                     asio::use_future));
  }
  // One turn of the context queues them all behind the held writer; they become one group.
  context.poll();
  release();
  context.run();
  for (int i = 0; i < 20; ++i) {
    auto& result = results[static_cast<std::size_t>(i)];
    if (i % 3 == 0) {
      EXPECT_THROW(result.get(), std::domain_error);
    } else {
      EXPECT_EQ(result.get(), i);
    }
    EXPECT_EQ(get("job " + std::to_string(i)).has_value(), i % 3 != 0) << i;
  }
}

TEST_F(StoreTest, AGroupIsAnsweredInOrderAfterItsCommit) {
  hold_writer();
  asio::io_context context;
  std::vector<int> answered;
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(context,
                   store_->run([i](Repositories& all) { all.settings.put("last", std::to_string(i)); }),
                   [&answered, i, this](const std::exception_ptr&) {
                     answered.push_back(i);
                     EXPECT_EQ(get("last"), "9") << "answered before the group was stored";
                   });
  }
  context.poll();
  release();
  context.run();
  EXPECT_EQ(answered, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

asio::awaitable<int> increment(Store& store, std::atomic<int>& misplaced, int times) {
  const auto home = std::this_thread::get_id();
  int last = 0;
  for (int i = 0; i < times; ++i) {
    last = co_await store.run([](Repositories& all) {
      const int value = std::stoi(all.settings.find("counter").value_or("0")) + 1;
      all.settings.put("counter", std::to_string(value));
      return value;
    });
    if (std::this_thread::get_id() != home) ++misplaced;
    const auto seen = co_await store.read(
        [](Repositories& all) { return std::stoi(all.settings.find("counter").value()); });
    EXPECT_GE(seen, last) << "a reader must see what its coroutine has stored";
    if (std::this_thread::get_id() != home) ++misplaced;
  }
  co_return last;
}

TEST_F(StoreTest, CoroutinesOnTwoThreadsResumeAtHome) {
  std::atomic<int> misplaced = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&] {
      asio::io_context context(1);
      for (int i = 0; i < 4; ++i) {
        asio::co_spawn(context, increment(*store_, misplaced, 25),
                       [](const std::exception_ptr& failure, int) { EXPECT_EQ(failure, nullptr); });
      }
      context.run();
    });
  }
  threads.clear();
  EXPECT_EQ(misplaced, 0);
  EXPECT_EQ(get("counter"), "200");
}

TEST_F(StoreTest, ACancelledCoroutineStopsWaitingButTheWorkIsDone) {
  hold_writer();
  asio::io_context context;
  asio::cancellation_signal signal;
  std::exception_ptr outcome;
  asio::co_spawn(
      context, store_->run([](Repositories& all) { all.settings.put("colour", "green"); }),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { outcome = failure; }));
  context.poll();
  signal.emit(asio::cancellation_type::terminal);
  context.run();
  ASSERT_NE(outcome, nullptr);
  EXPECT_THROW(std::rethrow_exception(outcome), boost::system::system_error);
  EXPECT_EQ(get("colour"), std::nullopt);
  release();
  await(store_->flush());
  EXPECT_EQ(get("colour"), "green");
}

TEST_F(StoreTest, AnswersToADestroyedContextGoNowhere) {
  hold_writer();
  {
    asio::io_context context;
    asio::co_spawn(
        context, store_->run([](Repositories& all) { all.settings.put("colour", "green"); }),
        [](const std::exception_ptr&) { ADD_FAILURE() << "the context was destroyed before the answer"; });
    context.poll();
  }
  release();
  await(store_->flush());
  EXPECT_EQ(get("colour"), "green");
}

TEST_F(StoreTest, ContextsMayBeDestroyedWhileAnswersArrive) {
  for (int round = 0; round < 200; ++round) {
    asio::io_context context;
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(
          context, store_->run([=](Repositories& all) { all.settings.put("round", std::to_string(round)); }),
          [](const std::exception_ptr&) {});
    }
    for (int polls = 0; polls < round % 4; ++polls) context.poll();
  }
  await(store_->flush());
}

TEST_F(StoreTest, RefusesAFileOfTheWrongKey) {
  store_->run_blocking([](Repositories& all) {
    all.users.add({.user_id = "AIDA1", .name = "bob", .arn = "arn:bob", .created = at(0)});
    all.users.add_key({.access_key_id = "AKIA1",
                       .user_id = "AIDA1",
                       .secret = Secret("s"),
                       .status = KeyStatus::kActive,
                       .created = at(0)});
  });
  store_.reset();
  store_ = storage_.open(Sealer(Bytes(32, 9)));
  EXPECT_THROW(await(store_->read([](Repositories& all) { return all.users.find_key("AKIA1"); })),
               StoreError);
}

}  // namespace
}  // namespace postern::store

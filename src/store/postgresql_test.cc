#include <gtest/gtest.h>

#include "store/error.h"
#include "store/test_store.h"

/// What is PostgreSQL's own. What holds on both engines is in the other tests, which run on both.
namespace postern::store {
namespace {

class Postgresql : public testing::Test {
 protected:
  void SetUp() override {
    if (!storage_.is_postgresql()) GTEST_SKIP() << "POSTERN_TEST_POSTGRESQL names no server";
    store_ = storage_.open();
  }
  std::optional<std::string> get(const std::string& name) {
    return await(store_->read([=](Repositories& all) { return all.settings.find(name); }));
  }

  TestStorage storage_;
  std::unique_ptr<Store> store_;
};

TEST_F(Postgresql, WorkThatSwallowsAFailedStatementIsUndoneAlone) {
  boost::asio::io_context context;
  std::vector<std::string> outcomes(3);
  for (int i = 0; i < 3; ++i) {
    boost::asio::co_spawn(context, store_->run([i](Repositories& all) {
      all.settings.put("work " + std::to_string(i), "done");
      if (i != 1) return;
      try {
        all.groups.add_member("AGPAnone", "AIDAnone");
      } catch (const StoreError&) {
        // Goes on as if nothing had happened.
      }
    }),
                          [&outcomes, i](const std::exception_ptr& failure) {
                            outcomes[static_cast<std::size_t>(i)] = failure ? "failed" : "stored";
                          });
  }
  context.run();
  EXPECT_EQ(outcomes, (std::vector<std::string>{"stored", "failed", "stored"}));
  EXPECT_EQ(get("work 0"), "done");
  EXPECT_EQ(get("work 1"), std::nullopt);
  EXPECT_EQ(get("work 2"), "done");
}

TEST_F(Postgresql, ConnectsAnewWhenTheServerHasCutTheConnection) {
  store_->run_blocking([](Repositories& all) { all.settings.put("before", "kept"); });
  auto other = storage_.connect();
  execute(other.sql(),
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
          " AND datname = current_database()");
  // Each thread learns of it by one work that fails; after that all is well.
  for (int i = 0; i < 4; ++i) {
    try {
      store_->run_blocking([](Repositories& all) { all.settings.put("during", "lost or stored"); });
      get("before");
      get("before");
    } catch (const StoreError&) {
    }
  }
  store_->run_blocking([](Repositories& all) { all.settings.put("after", "stored"); });
  EXPECT_EQ(get("before"), "kept");
  EXPECT_EQ(get("after"), "stored");
}

TEST_F(Postgresql, WritersOfTwoProcessesTakeTurns) {
  const auto other = storage_.open();
  store_->run_blocking([](Repositories& all) { all.settings.put("count", "0"); });
  const auto increment = [](Repositories& all) {
    all.settings.put("count", std::to_string(std::stoi(all.settings.find("count").value()) + 1));
  };
  boost::asio::io_context context;
  for (int i = 0; i < 50; ++i) {
    for (auto* store : {store_.get(), other.get()}) {
      boost::asio::co_spawn(context, store->run(increment),
                            [](const std::exception_ptr& failure) { EXPECT_FALSE(failure); });
    }
  }
  context.run();
  EXPECT_EQ(get("count"), "100");
}

TEST_F(Postgresql, TextIsOrderedByBytes) {
  store_->run_blocking([](Repositories& all) {
    for (const auto* name : {"b", "a", "C", "_", "D-", "Da"})
      all.users.add({.user_id = std::string("AIDA") + name, .name = std::string(name) + "x", .arn = name});
  });
  const auto users = await(store_->read([](Repositories& all) { return all.users.list(); }));
  std::string names;
  for (const auto& user : users) names += user.name + ' ';
  EXPECT_EQ(names, "Cx D-x Dax _x ax bx ");
}

TEST(PostgresqlAddress, IsShownWithoutPassword) {
  const Secret url("postgresql://postern:hidden1@127.0.0.1:1/none?password=hidden2&connect_timeout=2");
  try {
    Connection::open_postgresql(url, Connection::Mode::kReadWrite);
    FAIL() << "connected";
  } catch (const StoreError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find("hidden"), std::string::npos) << message;
    EXPECT_NE(message.find("postgresql://postern@127.0.0.1:1/none: "), std::string::npos) << message;
  }
  EXPECT_THROW(Connection::open_postgresql(Secret("mysql://u@h/d"), Connection::Mode::kReadWrite),
               StoreError);
}

}  // namespace
}  // namespace postern::store

#include "store/migrations.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "aws/policies/built_in.h"
#include "store/connection.h"
#include "store/error.h"
#include "store/statement.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

constexpr std::array<Migration, 2> kSteps = {{
    {"0001_first.sql",
     "-- Two statements.\nCREATE TABLE a (x TEXT NOT NULL);\nCREATE TABLE b (\n  y BIGINT\n);\n"},
    {"0002_second.sql", "INSERT INTO a (x) VALUES ('kept; whole');\n"},
}};

class MigrationsTest : public testing::Test {
 protected:
  std::int64_t version() { return select_number(sql(), "SELECT MAX(version) FROM schema_version"); }
  soci::session& sql() { return connection_.sql(); }

  TestStorage storage_;
  Connection connection_ = storage_.connect();
};

TEST_F(MigrationsTest, BuiltInOnesAreNumberedWithoutGaps) {
  int number = 0;
  for (const auto& migration : built_in_migrations()) {
    ++number;
    EXPECT_EQ(migration.name.substr(0, 5), fmt::format("{:04}_", number));
    EXPECT_TRUE(migration.text.ends_with(";\n")) << migration.name;
  }
  EXPECT_GE(number, 1);
}

TEST_F(MigrationsTest, RunInOrderAndOnce) {
  migrate(sql(), std::span(kSteps).first(1));
  EXPECT_EQ(version(), 1);
  migrate(sql(), kSteps);
  migrate(sql(), kSteps);
  EXPECT_EQ(version(), 2);
  EXPECT_EQ(select(sql(), "SELECT x FROM a").size(), 1U);
}

TEST_F(MigrationsTest, FailingStepLeavesNothing) {
  const std::array<Migration, 2> steps = {
      {kSteps[0], {"0002_broken.sql", "CREATE TABLE c (x TEXT);\nNONSENSE;\n"}}};
  EXPECT_THROW(migrate(sql(), steps), StoreError);
  EXPECT_THROW(version(), StoreError) << "no table is left, not even this one";
}

TEST_F(MigrationsTest, RefusesNewerSchema) {
  migrate(sql(), kSteps);
  try {
    migrate(sql(), std::span(kSteps).first(1));
    FAIL() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_NE(
        std::string(error.what()).find("schema version 2, but this program knows only versions up to 1"),
        std::string::npos)
        << error.what();
  }
}

TEST_F(MigrationsTest, StoreRefusesNewerSchema) {
  migrate(sql(), built_in_migrations());
  execute(sql(), "INSERT INTO schema_version (version) VALUES (9999)");
  EXPECT_THROW(storage_.open(), StoreError);
}

TEST_F(MigrationsTest, AdministratorsFromBeforeHaveThePolicy) {
  migrate(sql(), built_in_migrations().first(2));
  execute(sql(),
          "INSERT INTO users (user_id, name, arn, administrator, created)"
          " VALUES ('AIDA1', 'admin', 'arn:1', 1, 0), ('AIDA2', 'bob', 'arn:2', 0, 0)");
  migrate(sql(), built_in_migrations());
  const auto sealer = test_sealer();
  Repositories all(sql(), sealer);
  EXPECT_TRUE(all.attachments.reaches_user("AIDA1", aws::kAdministratorAccess));
  EXPECT_FALSE(all.attachments.reaches_user("AIDA2", aws::kAdministratorAccess));
  EXPECT_EQ(all.users.find("AIDA2")->path, "/");
}

TEST_F(MigrationsTest, ValuesSurviveAsTheyAre) {
  execute(sql(), "CREATE TABLE t (a TEXT, b BIGINT, c BIGINT)");
  const std::string odd = "quote ' and ; and :name and \xc3\xa9";
  const std::int64_t large = -(std::int64_t{1} << 62);
  EXPECT_EQ(execute(sql(), "INSERT INTO t (a, b, c) VALUES (:a, :b, :c)", {odd, large, Value()}), 1U);
  auto row = select(sql(), "SELECT a, b, c FROM t").at(0);
  EXPECT_EQ(row.text(), odd);
  EXPECT_EQ(row.integer(), large);
  EXPECT_EQ(row.optional_time(), std::nullopt);
  EXPECT_THROW(row.text(), StoreError) << "past the last column";
  EXPECT_THROW(select(sql(), "SELECT a FROM t").at(0).integer(), StoreError);
  EXPECT_THROW(select(sql(), "SELECT b FROM t").at(0).text(), StoreError);
}

TEST(Connection, IsPrivateDurableAndReadOnlyWhenAsked) {
  const TestDirectory directory;
  auto writer = Connection::open_sqlite(directory / "db", Connection::Mode::kReadWrite);
  execute(writer.sql(), "CREATE TABLE t (a TEXT)");
  for (const auto* name : {"db", "db-wal", "db-shm"}) {
    struct stat status = {};
    ASSERT_EQ(::stat((directory / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 07777, 0600U) << name;
  }
  // 2 is FULL.
  EXPECT_EQ(select_number(writer.sql(), "PRAGMA synchronous"), 2);
  EXPECT_EQ(select_number(writer.sql(), "PRAGMA foreign_keys"), 1);
  auto reader = Connection::open_sqlite(directory / "db", Connection::Mode::kReadOnly);
  EXPECT_THROW(execute(reader.sql(), "INSERT INTO t (a) VALUES ('x')"), StoreError);
}

TEST(Connection, RefusesWhatIsNoDatabase) {
  const TestDirectory directory;
  EXPECT_THROW(Connection::open_sqlite(directory / "absent" / "db", Connection::Mode::kReadWrite),
               StoreError);
  EXPECT_THROW(Connection::open_sqlite(directory / "absent", Connection::Mode::kReadOnly), StoreError);
  std::ofstream(directory / "db") << std::string(4096, 'x');
  EXPECT_THROW(Connection::open_sqlite(directory / "db", Connection::Mode::kReadWrite), StoreError);
}

}  // namespace
}  // namespace postern::store

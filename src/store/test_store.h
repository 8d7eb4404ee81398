#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "store/connection.h"
#include "store/migrations.h"
#include "store/statement.h"
#include "store/store.h"

namespace postern::store {

/// A directory of its own for one test, removed afterwards.
class TestDirectory {
 public:
  TestDirectory()
      : path_(std::filesystem::temp_directory_path() / ("store test " + random_text(12, kHexAlphabet))) {
    std::filesystem::create_directory(path_);
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline Sealer test_sealer() {
  return Sealer(Bytes(32, 7));
}

/// Where a test keeps its records: a SQLite file, or a schema of its own in the PostgreSQL server that
/// POSTERN_TEST_POSTGRESQL names (tests/support/run_on_postgresql.py starts one). Gone afterwards.
class TestStorage {
 public:
  TestStorage() {
    const char* server = std::getenv("POSTERN_TEST_POSTGRESQL");
    if (server == nullptr) return;
    schema_ = "test_" + random_text(12, kHexAlphabet);
    server_ = server;
    url_ = Secret(server_ + "?options=-csearch_path%3D" + schema_);
    execute_at_server("CREATE SCHEMA " + schema_);
  }
  ~TestStorage() {
    if (!schema_.empty()) execute_at_server("DROP SCHEMA " + schema_ + " CASCADE");
  }
  TestStorage(const TestStorage&) = delete;
  TestStorage& operator=(const TestStorage&) = delete;

  bool is_postgresql() const { return !schema_.empty(); }
  Connection connect(Connection::Mode mode = Connection::Mode::kReadWrite) const {
    return is_postgresql() ? Connection::open_postgresql(url_, mode)
                           : Connection::open_sqlite(directory_ / "db", mode);
  }
  std::unique_ptr<Store> open(Sealer sealer = test_sealer()) const {
    return is_postgresql() ? Store::open_postgresql(url_, std::move(sealer))
                           : Store::open_sqlite(directory_ / "db", std::move(sealer));
  }

 private:
  void execute_at_server(const std::string& statement) const {
    auto connection = Connection::open_postgresql(Secret(server_), Connection::Mode::kReadWrite);
    execute(connection.sql(), statement);
  }

  TestDirectory directory_;
  std::string schema_;
  std::string server_;
  Secret url_;
};

/// All repositories over one database that has the schema, without the threads.
class TestDatabase {
 public:
  TestDatabase() { migrate(connection_.sql(), built_in_migrations()); }
  Repositories& repositories() { return repositories_; }
  soci::session& sql() { return connection_.sql(); }

 private:
  TestStorage storage_;
  Connection connection_ = storage_.connect();
  Sealer sealer_ = test_sealer();
  Repositories repositories_{connection_.sql(), sealer_};
};

/// 2026-01-01 and `seconds`.
inline Timestamp at(int seconds) {
  return from_unix_micros(1767225600'000000) + std::chrono::seconds(seconds);
}

/// Runs a coroutine to its result on a context of its own.
template <class T>
T await(boost::asio::awaitable<T> task) {
  boost::asio::io_context context;
  auto result = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return result.get();
}

inline Node sample_node(std::string node_id, std::string name = "web-1") {
  return {.node_id = std::move(node_id),
          .name = std::move(name),
          .activation_id = "0f1e",
          .iam_role = "service-role/Nodes",
          .public_key = "MIIB",
          .fingerprint = "f00d",
          .registered = at(0),
          .last_ping = {},
          .agent_name = {},
          .agent_version = {},
          .platform_type = {},
          .platform_name = {},
          .platform_version = {},
          .ip_address = {},
          .computer_name = {}};
}

inline Session sample_session(std::string session_id, Timestamp started) {
  return {.session_id = std::move(session_id),
          .target = "mi-1",
          .document_name = "SSM-SessionManagerRunShell",
          .owner_arn = "arn:aws:iam::123456789012:user/alice",
          .owner_id = "AIDAALICE",
          .reason = "deploy",
          .authorization = "sealed",
          .status = SessionStatus::kConnecting,
          .details = {},
          .started = started,
          .connected = {},
          .ended = {},
          .client_token_hash = "cafe",
          .client_token_expires = started + std::chrono::minutes(1)};
}

}  // namespace postern::store

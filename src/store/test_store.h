#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "store/connection.h"
#include "store/migrations.h"
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

/// All repositories over one database that has the schema, without the threads.
class TestDatabase {
 public:
  TestDatabase() { migrate(connection_.sql(), built_in_migrations()); }
  Repositories& repositories() { return repositories_; }
  soci::session& sql() { return connection_.sql(); }

 private:
  TestDirectory directory_;
  Connection connection_ = Connection::open_sqlite(directory_ / "db", Connection::Mode::kReadWrite);
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

#include "store/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/error.h"
#include "store/statement.h"

namespace postern::store {
namespace {

// SQLite gives its -wal and -shm files the mode of the database file.
void make_private(const std::filesystem::path& file, int flags) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC | flags, 0600);
  const bool failed = fd < 0 || ::fchmod(fd, 0600) != 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (failed)
    throw StoreError(fmt::format("cannot open the database {}: {}", file.string(), std::strerror(error)));
}

}  // namespace

Connection::Connection(std::unique_ptr<soci::session> sql) : sql_(std::move(sql)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection::~Connection() = default;

Connection Connection::open_sqlite(const std::filesystem::path& file, Mode mode) {
  if (file.string().find('"') != std::string::npos)
    throw StoreError("a database path may not contain quotes");
  make_private(file, mode == Mode::kReadWrite ? O_CREAT : 0);
  try {
    auto sql = std::make_unique<soci::session>(soci::sqlite3, fmt::format("dbname=\"{}\"", file.string()));
    execute(*sql, "PRAGMA busy_timeout = 10000");
    const auto journal = select(*sql, "PRAGMA journal_mode = WAL").at(0).text();
    if (journal != "wal")
      throw StoreError(fmt::format("{}: no write-ahead log here, but {}", file.string(), journal));
    execute(*sql, "PRAGMA synchronous = FULL");
    execute(*sql, "PRAGMA foreign_keys = ON");
    if (mode == Mode::kReadOnly) execute(*sql, "PRAGMA query_only = ON");
    return Connection(std::move(sql));
  } catch (const std::runtime_error& error) {
    throw StoreError(fmt::format("cannot open the database {}: {}", file.string(), error.what()));
  }
}

Transaction::Transaction(soci::session& sql, Kind kind) : sql_(sql) {
  execute(sql_, kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    execute(sql_, "ROLLBACK");
  } catch (const StoreError&) {
    // The database has rolled back of its own accord, as it does when the disk is full.
  }
}

void Transaction::commit() {
  execute(sql_, "COMMIT");
  open_ = false;
}

}  // namespace postern::store

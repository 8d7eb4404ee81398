#include "store/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
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

// Under this number PostgreSQL keeps the lock of whoever writes; any would do that nobody else takes.
constexpr std::string_view kTakeWriteLock = "SELECT pg_advisory_xact_lock(8097858417)";

// What every connection to PostgreSQL begins with; durability is not left to the server's own setting.
void prepare_postgresql(soci::session& sql, Connection::Mode mode) {
  execute(sql, "SET client_min_messages = warning");
  execute(sql, "SET synchronous_commit = on");
  execute(sql, "SET lock_timeout = '10s'");
  if (mode == Connection::Mode::kReadOnly) execute(sql, "SET default_transaction_read_only = on");
}

// SOCI takes only libpq's other form, `name='value' ...`, in which this gives what the URI says.
std::string connection_options(const std::string& url) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &problem), PQconninfoFree);
  // What libpq says about a wrong URI repeats it, password and all.
  PQfreemem(problem);
  if (!options) throw StoreError("the address is no connection URI as PostgreSQL's libpq has it");
  std::string text;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    text.append(text.empty() ? "" : " ").append(option->keyword).append("='");
    for (const char c : std::string_view(option->val)) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text;
}

// The address for people: without the user's password, and without parameters, which may hold one.
std::string shown_address(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const auto begin = url.find("//");
  const auto at = url.rfind('@');
  if (begin == url.npos || at == url.npos || at < begin) return std::string(url);
  const auto user = url.substr(begin + 2, at - begin - 2);
  return fmt::format("{}{}{}", url.substr(0, begin + 2), user.substr(0, user.find(':')), url.substr(at));
}

}  // namespace

Connection::Connection(std::unique_ptr<soci::session> sql, Mode mode) : sql_(std::move(sql)), mode_(mode) {}
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
    return {std::move(sql), mode};
  } catch (const std::runtime_error& error) {
    throw StoreError(fmt::format("cannot open the database {}: {}", file.string(), error.what()));
  }
}

Connection Connection::open_postgresql(const Secret& url, Mode mode) {
  const auto address = shown_address(url.reveal());
  if (!address.starts_with("postgresql://") && !address.starts_with("postgres://"))
    throw StoreError("expected postgresql://USER@HOST:PORT/DATABASE as the address of the database");
  try {
    auto sql = std::make_unique<soci::session>(soci::postgresql, connection_options(url.reveal()));
    prepare_postgresql(*sql, mode);
    return {std::move(sql), mode};
  } catch (const std::runtime_error& error) {
    throw StoreError(fmt::format("cannot open the database {}: {}", address, error.what()));
  }
}

void Connection::revive() {
  if (!is_postgresql(*sql_) || sql_->is_connected()) return;
  try {
    sql_->reconnect();
    prepare_postgresql(*sql_, mode_);
    log::info("database_reconnected");
  } catch (const soci::soci_error& error) {
    throw StoreError(error.what());
  }
}

bool is_postgresql(soci::session& sql) {
  return sql.get_backend_name() == "postgresql";
}

Transaction::Transaction(soci::session& sql, Kind kind) : sql_(sql) {
  if (!is_postgresql(sql_)) {
    execute(sql_, kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  } else if (kind == Kind::kRead) {
    execute(sql_, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  } else {
    execute(sql_, "BEGIN");
    try {
      execute(sql_, kTakeWriteLock);
    } catch (...) {
      // Nobody's destructor will.
      rollback();
      throw;
    }
  }
}

Transaction::~Transaction() {
  if (open_) rollback();
}

void Transaction::rollback() {
  try {
    execute(sql_, "ROLLBACK");
  } catch (const StoreError&) {
    // The database has rolled back of its own accord, as it does when the disk is full or the server gone.
  }
}

void Transaction::commit() {
  execute(sql_, "COMMIT");
  open_ = false;
}

}  // namespace postern::store

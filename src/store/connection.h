#pragma once

#include <filesystem>
#include <memory>

#include "base/secret.h"
#include "store/soci_fwd.h"

namespace postern::store {

/// One database connection, used by one thread at a time. This and migrations/ are where an engine's
/// peculiarities live.
class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  /// Opens the file, creating it with mode 0600 in kReadWrite, and sets WAL, synchronous=FULL, foreign keys
  /// and a wait of ten seconds for locks that other processes hold. Throws StoreError.
  static Connection open_sqlite(const std::filesystem::path& file, Mode mode);
  /// Connects to `postgresql://USER@HOST:PORT/DATABASE?...` (libpq's connection URIs). Errors show the
  /// address without password. Throws StoreError.
  static Connection open_postgresql(const Secret& url, Mode mode);

  Connection(Connection&&) noexcept;
  ~Connection();

  soci::session& sql() { return *sql_; }

  /// Connects anew when the server has gone away meanwhile; a file never does. Call it between transactions.
  /// Throws StoreError.
  void revive();

 private:
  Connection(std::unique_ptr<soci::session> sql, Mode mode);
  std::unique_ptr<soci::session> sql_;
  Mode mode_;
};

/// Whether the statements go to PostgreSQL, for the few that the engines spell differently.
bool is_postgresql(soci::session& sql);

/// A transaction from construction to commit(); rolled back when it goes without.
class Transaction {
 public:
  /// A reader sees one state of the database throughout. A writer takes the write lock at once, since a
  /// reader that turns writer half-way can be refused without having waited. There is one writer at a time on
  /// PostgreSQL too, whichever process it belongs to.
  enum class Kind { kRead, kWrite };

  /// Throws StoreError.
  Transaction(soci::session& sql, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Returns when the changes are on disk. Throws StoreError when they are not; then they are rolled back.
  void commit();

 private:
  void rollback();

  soci::session& sql_;
  bool open_ = true;
};

}  // namespace postern::store

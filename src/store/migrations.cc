#include "store/migrations.h"

#include <fmt/format.h>

#include "base/log.h"
#include "store/connection.h"
#include "store/error.h"
#include "store/statement.h"

namespace postern::store {
namespace {

std::int64_t current_version(soci::session& sql) {
  return select_number(sql, "SELECT COALESCE(MAX(version), 0) FROM schema_version");
}

// PostgreSQL orders text by the database's language, SQLite by bytes: so columns of text are made to be
// ordered by bytes there too. Only the type is written in capitals.
std::string for_engine(soci::session& sql, std::string_view statement) {
  std::string out(statement);
  if (!is_postgresql(sql)) return out;
  constexpr std::string_view kType = " TEXT";
  constexpr std::string_view kOrdered = R"( TEXT COLLATE "C")";
  for (auto at = out.find(kType); at != out.npos; at = out.find(kType, at + kOrdered.size()))
    out.replace(at, kType.size(), kOrdered);
  return out;
}

void run_statements(soci::session& sql, std::string_view text) {
  while (true) {
    const auto end = text.find(";\n");
    if (end == text.npos) return;
    execute(sql, for_engine(sql, text.substr(0, end)));
    text.remove_prefix(end + 2);
  }
}

}  // namespace

void migrate(soci::session& sql, std::span<const Migration> migrations) {
  Transaction transaction(sql, Transaction::Kind::kWrite);
  execute(sql, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)");
  const auto found = current_version(sql);
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (found > known) {
    throw StoreError(
        fmt::format("the database has schema version {}, but this program knows only versions up to {}: it "
                    "was written by a newer "
                    "version; run that one, or restore a backup from before the upgrade",
                    found, known));
  }
  for (auto version = found + 1; version <= known; ++version) {
    const auto& migration = migrations[static_cast<std::size_t>(version - 1)];
    run_statements(sql, migration.text);
    execute(sql, "INSERT INTO schema_version (version) VALUES (:version)", {version});
    log::info("schema_migrated", {{"migration", migration.name}});
  }
  transaction.commit();
}

}  // namespace postern::store

#pragma once

#include <span>
#include <string_view>

#include "store/soci_fwd.h"

namespace postern::store {

/// One numbered step of the schema: `0001_initial.sql` is version 1.
struct Migration {
  std::string_view name;
  /// Statements, each ending in a semicolon at the end of a line.
  std::string_view text;
};

/// Those in src/store/migrations, in order, without gaps.
std::span<const Migration> built_in_migrations();

/// Brings the database to the last of `migrations`, one transaction for all; a database that is there already
/// is only read. Throws StoreError when a step fails, or when the database has been written by a newer
/// version of the program.
void migrate(soci::session& sql, std::span<const Migration> migrations);

}  // namespace postern::store

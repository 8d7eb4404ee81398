#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "store/identity_records.h"
#include "store/statement.h"

/// How identities are read from rows: columns and, in the same order, what becomes of them.
namespace postern::store {

inline constexpr std::string_view kUserColumns =
    "u.user_id, u.name, u.path, u.arn, u.created, u.boundary_arn, u.password_last_used";
inline constexpr std::string_view kGroupColumns = "g.group_id, g.name, g.path, g.arn, g.created";

inline User user_from(Row& row) {
  return {.user_id = row.text(),
          .name = row.text(),
          .path = row.text(),
          .arn = row.text(),
          .created = row.time(),
          .boundary_arn = row.text(),
          .password_last_used = row.optional_time()};
}

inline Group group_from(Row& row) {
  return {.group_id = row.text(),
          .name = row.text(),
          .path = row.text(),
          .arn = row.text(),
          .created = row.time()};
}

/// The first of the rows, if there is one.
template <class From>
auto first(std::vector<Row> rows, From from) -> std::optional<decltype(from(rows.front()))> {
  if (rows.empty()) return std::nullopt;
  return from(rows.front());
}

template <class From>
auto all(std::vector<Row> rows, From from) -> std::vector<decltype(from(rows.front()))> {
  std::vector<decltype(from(rows.front()))> found;
  found.reserve(rows.size());
  for (auto& row : rows) found.push_back(from(row));
  return found;
}

/// `AND`-able restriction to paths that begin with a prefix, with the parameters below_path() gives. Compares
/// characters, since LIKE knows wildcards and, in SQLite, no case. Paths are ASCII.
inline constexpr std::string_view kBelowPath = "substr(path, 1, :length) = :prefix";
inline std::vector<Value> below_path(std::string_view prefix) {
  return {static_cast<std::int64_t>(prefix.size()), prefix};
}

}  // namespace postern::store

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "store/soci_fwd.h"

namespace postern::store {

/// What a column or a parameter holds: NULL, a BIGINT or a TEXT. Times are microseconds since 1970.
class Value {
 public:
  // Implicit, so that a statement's parameters read as a plain list.
  // NOLINTBEGIN(google-explicit-constructor)
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(const std::string& text) : value_(text) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(std::int64_t number) : value_(static_cast<long long>(number)) {}
  Value(int number) : Value(std::int64_t{number}) {}
  Value(bool flag) : Value(std::int64_t{flag}) {}
  Value(Timestamp time) : Value(std::int64_t{to_unix_micros(time)}) {}
  Value(const std::optional<std::string>& text) : Value(text ? Value(*text) : Value()) {}
  Value(std::optional<Timestamp> time) : Value(time ? Value(*time) : Value()) {}
  // NOLINTEND(google-explicit-constructor)
  /// NULL.
  Value() = default;

 private:
  friend class Row;
  friend class Binder;
  std::variant<std::monostate, long long, std::string> value_;
};

/// One row of a result, read column by column from the left. A column of another type than asked for is a
/// StoreError: then the file is not what the schema says.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  std::string text();
  std::optional<std::string> optional_text();
  std::int64_t integer();
  bool flag() { return integer() != 0; }
  Timestamp time() { return from_unix_micros(integer()); }
  std::optional<Timestamp> optional_time();

 private:
  Value& take();
  bool skip_null();

  std::vector<Value> values_;
  std::size_t next_ = 0;
};

/// Runs one statement; `parameters` go to its `:name` places in the order in which those appear. Returns the
/// number of rows inserted, deleted, or matched by an UPDATE. Throws StoreError.
std::size_t execute(soci::session& sql, std::string_view statement, std::vector<Value> parameters = {});

/// As execute(), for statements that return rows.
std::vector<Row> select(soci::session& sql, std::string_view statement, std::vector<Value> parameters = {});

/// For statements that return one number: counts and other expressions, which SQLite gives no column type for
/// select() to go by.
std::int64_t select_number(soci::session& sql, std::string_view statement);

}  // namespace postern::store

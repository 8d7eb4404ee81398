#include "store/statement.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "store/error.h"

namespace postern::store {

/// Lends values to a prepared statement; must outlive it.
class Binder {
 public:
  explicit Binder(std::vector<Value> values) : values_(std::move(values)) {}

  void bind(soci::details::prepare_temp_type& statement) {
    for (auto& value : values_) {
      if (auto* text = std::get_if<std::string>(&value.value_)) {
        statement, soci::use(*text);
      } else if (auto* number = std::get_if<long long>(&value.value_)) {
        statement, soci::use(*number);
      } else {
        statement, soci::use(null_, is_null_);
      }
    }
  }

 private:
  std::vector<Value> values_;
  long long null_ = 0;
  soci::indicator is_null_ = soci::i_null;
};

namespace {

// SOCI adds the statement and then the values that it had; those may be sealed secrets and hashes, and errors
// are logged.
StoreError without_values(const soci::soci_error& error) {
  const std::string_view text = error.what();
  const auto values = text.find("\" with :");
  return StoreError(std::string(text.substr(0, values == text.npos ? values : values + 1)));
}

Value column_of(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return {};
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_string:
      return row.get<std::string>(at);
    case soci::dt_integer:
      return row.get<int>(at);
    case soci::dt_long_long:
      return std::int64_t{row.get<long long>(at)};
    default:
      throw StoreError(fmt::format("column {} has a type that the schema does not use",
                                   row.get_properties(at).get_name()));
  }
}

}  // namespace

Value& Row::take() {
  if (next_ == values_.size()) throw StoreError("a row has fewer columns than expected");
  return values_[next_++];
}

std::string Row::text() {
  if (auto* text = std::get_if<std::string>(&take().value_)) return std::move(*text);
  throw StoreError(fmt::format("column {} of a row is not text", next_));
}

std::int64_t Row::integer() {
  if (const auto* number = std::get_if<long long>(&take().value_)) return *number;
  throw StoreError(fmt::format("column {} of a row is not a number", next_));
}

bool Row::skip_null() {
  if (next_ == values_.size() || !std::holds_alternative<std::monostate>(values_[next_].value_)) return false;
  ++next_;
  return true;
}

std::optional<std::string> Row::optional_text() {
  if (skip_null()) return std::nullopt;
  return text();
}

std::optional<Timestamp> Row::optional_time() {
  if (skip_null()) return std::nullopt;
  return time();
}

std::size_t execute(soci::session& sql, std::string_view statement, std::vector<Value> parameters) {
  try {
    Binder binder(std::move(parameters));
    auto prepared = sql.prepare << statement;
    binder.bind(prepared);
    soci::statement running(prepared);
    running.execute(true);
    return static_cast<std::size_t>(running.get_affected_rows());
  } catch (const soci::soci_error& error) {
    throw without_values(error);
  }
}

std::vector<Row> select(soci::session& sql, std::string_view statement, std::vector<Value> parameters) {
  try {
    Binder binder(std::move(parameters));
    auto prepared = sql.prepare << statement;
    binder.bind(prepared);
    std::vector<Row> rows;
    for (const auto& row : soci::rowset<soci::row>(prepared)) {
      std::vector<Value> columns;
      columns.reserve(row.size());
      for (std::size_t at = 0; at < row.size(); ++at) columns.push_back(column_of(row, at));
      rows.emplace_back(std::move(columns));
    }
    return rows;
  } catch (const soci::soci_error& error) {
    throw without_values(error);
  }
}

std::int64_t select_number(soci::session& sql, std::string_view statement) {
  try {
    long long number = 0;
    sql << statement, soci::into(number);
    if (!sql.got_data()) throw StoreError("a statement returned no number");
    return number;
  } catch (const soci::soci_error& error) {
    throw without_values(error);
  }
}

}  // namespace postern::store

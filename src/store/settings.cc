#include "store/repositories.h"
#include "store/statement.h"

namespace postern::store {

std::optional<std::string> SettingRepository::find(std::string_view name) {
  auto rows = select(sql_, "SELECT value FROM settings WHERE name = :name", {name});
  if (rows.empty()) return std::nullopt;
  return rows.front().text();
}

void SettingRepository::put(std::string_view name, std::string_view value) {
  execute(sql_,
          "INSERT INTO settings (name, value) VALUES (:name, :value)"
          " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          {name, value});
}

}  // namespace postern::store

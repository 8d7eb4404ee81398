#include "store/repositories.h"
#include "store/sealer.h"
#include "store/statement.h"

namespace postern::store {
namespace {

User user_from(Row& row) {
  return {.user_id = row.text(),
          .name = row.text(),
          .arn = row.text(),
          .administrator = row.flag(),
          .created = row.time()};
}

std::string secret_context(std::string_view access_key_id) {
  return "access_keys.secret:" + std::string(access_key_id);
}

}  // namespace

void UserRepository::add(const User& user) {
  execute(sql_,
          "INSERT INTO users (user_id, name, arn, administrator, created)"
          " VALUES (:user_id, :name, :arn, :administrator, :created)",
          {user.user_id, user.name, user.arn, user.administrator, user.created});
}

std::optional<User> UserRepository::find(std::string_view user_id) {
  auto rows =
      select(sql_, "SELECT user_id, name, arn, administrator, created FROM users WHERE user_id = :user_id",
             {user_id});
  if (rows.empty()) return std::nullopt;
  return user_from(rows.front());
}

std::optional<User> UserRepository::find_by_name(std::string_view name) {
  auto rows =
      select(sql_, "SELECT user_id, name, arn, administrator, created FROM users WHERE name = :name", {name});
  if (rows.empty()) return std::nullopt;
  return user_from(rows.front());
}

std::size_t UserRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM users"));
}

void UserRepository::add_key(const AccessKey& key) {
  execute(sql_,
          "INSERT INTO access_keys (access_key_id, user_id, sealed_secret, active, created)"
          " VALUES (:access_key_id, :user_id, :sealed_secret, :active, :created)",
          {key.access_key_id, key.user_id, sealer_.seal(key.secret, secret_context(key.access_key_id)),
           key.status == KeyStatus::kActive, key.created});
}

std::optional<AccessKey> UserRepository::find_key(std::string_view access_key_id) {
  auto rows = select(sql_,
                     "SELECT access_key_id, user_id, sealed_secret, active, created FROM access_keys"
                     " WHERE access_key_id = :access_key_id",
                     {access_key_id});
  if (rows.empty()) return std::nullopt;
  auto& row = rows.front();
  return AccessKey{.access_key_id = row.text(),
                   .user_id = row.text(),
                   .secret = sealer_.unseal(row.text(), secret_context(access_key_id)),
                   .status = row.flag() ? KeyStatus::kActive : KeyStatus::kInactive,
                   .created = row.time()};
}

}  // namespace postern::store

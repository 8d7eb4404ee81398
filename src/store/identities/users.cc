#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {

void UserRepository::add(const User& user) {
  execute(sql_,
          "INSERT INTO users (user_id, name, path, arn, created, boundary_arn, password_last_used)"
          " VALUES (:user_id, :name, :path, :arn, :created, :boundary_arn, :password_last_used)",
          {user.user_id, user.name, user.path, user.arn, user.created, user.boundary_arn,
           user.password_last_used});
  advance_generation(sql_);
}

std::optional<User> UserRepository::find(std::string_view user_id) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM users u WHERE u.user_id = :user_id", kUserColumns), {user_id}),
      user_from);
}

std::optional<User> UserRepository::find_by_name(std::string_view name) {
  return first(select(sql_, fmt::format("SELECT {} FROM users u WHERE u.name = :name", kUserColumns), {name}),
               user_from);
}

bool UserRepository::is_name_taken(std::string_view name) {
  return !select(sql_, "SELECT user_id FROM users WHERE lower(name) = lower(:name)", {name}).empty();
}

std::vector<User> UserRepository::list(std::string_view path_prefix) {
  return all(
      select(sql_, fmt::format("SELECT {} FROM users u WHERE {} ORDER BY u.name", kUserColumns, kBelowPath),
             below_path(path_prefix)),
      user_from);
}

std::size_t UserRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM users"));
}

bool UserRepository::update(const User& user) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE users SET name = :name, path = :path, arn = :arn, boundary_arn = :boundary_arn"
                 " WHERE user_id = :user_id",
                 {user.name, user.path, user.arn, user.boundary_arn, user.user_id}) == 1;
}

void UserRepository::note_password_use(std::string_view user_id, Timestamp now) {
  execute(sql_, "UPDATE users SET password_last_used = :now WHERE user_id = :user_id", {now, user_id});
}

bool UserRepository::remove(std::string_view user_id) {
  advance_generation(sql_);
  remove_holdings(sql_, user_id);
  remove_tags(sql_, kUserTags, user_id);
  return execute(sql_, "DELETE FROM users WHERE user_id = :user_id", {user_id}) == 1;
}

}  // namespace postern::store

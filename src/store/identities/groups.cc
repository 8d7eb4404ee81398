#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {

void GroupRepository::add(const Group& group) {
  execute(sql_,
          "INSERT INTO user_groups (group_id, name, path, arn, created)"
          " VALUES (:group_id, :name, :path, :arn, :created)",
          {group.group_id, group.name, group.path, group.arn, group.created});
  advance_generation(sql_);
}

std::optional<Group> GroupRepository::find(std::string_view group_id) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM user_groups g WHERE g.group_id = :group_id", kGroupColumns),
             {group_id}),
      group_from);
}

std::optional<Group> GroupRepository::find_by_name(std::string_view name) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM user_groups g WHERE g.name = :name", kGroupColumns), {name}),
      group_from);
}

bool GroupRepository::is_name_taken(std::string_view name) {
  return !select(sql_, "SELECT group_id FROM user_groups WHERE lower(name) = lower(:name)", {name}).empty();
}

std::vector<Group> GroupRepository::list(std::string_view path_prefix) {
  return all(
      select(sql_,
             fmt::format("SELECT {} FROM user_groups g WHERE {} ORDER BY g.name", kGroupColumns, kBelowPath),
             below_path(path_prefix)),
      group_from);
}

std::size_t GroupRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM user_groups"));
}

bool GroupRepository::update(const Group& group) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE user_groups SET name = :name, path = :path, arn = :arn WHERE group_id = :group_id",
                 {group.name, group.path, group.arn, group.group_id}) == 1;
}

bool GroupRepository::remove(std::string_view group_id) {
  advance_generation(sql_);
  remove_holdings(sql_, group_id);
  return execute(sql_, "DELETE FROM user_groups WHERE group_id = :group_id", {group_id}) == 1;
}

void GroupRepository::add_member(std::string_view group_id, std::string_view user_id) {
  execute(sql_,
          "INSERT INTO group_members (group_id, user_id) VALUES (:group_id, :user_id)"
          " ON CONFLICT (group_id, user_id) DO NOTHING",
          {group_id, user_id});
  advance_generation(sql_);
}

bool GroupRepository::remove_member(std::string_view group_id, std::string_view user_id) {
  advance_generation(sql_);
  return execute(sql_, "DELETE FROM group_members WHERE group_id = :group_id AND user_id = :user_id",
                 {group_id, user_id}) == 1;
}

std::vector<User> GroupRepository::members(std::string_view group_id) {
  return all(select(sql_,
                    fmt::format("SELECT {} FROM users u JOIN group_members m ON m.user_id = u.user_id"
                                " WHERE m.group_id = :group_id ORDER BY u.name",
                                kUserColumns),
                    {group_id}),
             user_from);
}

std::vector<Group> GroupRepository::groups_of(std::string_view user_id) {
  return all(select(sql_,
                    fmt::format("SELECT {} FROM user_groups g JOIN group_members m ON m.group_id = g.group_id"
                                " WHERE m.user_id = :user_id ORDER BY g.name",
                                kGroupColumns),
                    {user_id}),
             group_from);
}

}  // namespace postern::store

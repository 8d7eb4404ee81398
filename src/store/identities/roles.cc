#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns =
    "role_id, name, path, arn, created, trust_policy, description, max_session_seconds, boundary_arn,"
    " last_used, last_used_region";

Role role_from(Row& row) {
  return {.role_id = row.text(),
          .name = row.text(),
          .path = row.text(),
          .arn = row.text(),
          .created = row.time(),
          .trust_policy = row.text(),
          .description = row.text(),
          .max_session = std::chrono::seconds(row.integer()),
          .boundary_arn = row.text(),
          .last_used = row.optional_time(),
          .last_used_region = row.text()};
}

}  // namespace

void RoleRepository::add(const Role& role) {
  execute(sql_,
          "INSERT INTO roles (role_id, name, path, arn, created, trust_policy, description,"
          " max_session_seconds, boundary_arn, last_used, last_used_region) VALUES (:role_id, :name, :path,"
          " :arn, :created, :trust_policy, :description, :max_session_seconds, :boundary_arn, :last_used,"
          " :last_used_region)",
          {role.role_id, role.name, role.path, role.arn, role.created, role.trust_policy, role.description,
           std::int64_t{role.max_session.count()}, role.boundary_arn, role.last_used, role.last_used_region});
  advance_generation(sql_);
}

std::optional<Role> RoleRepository::find(std::string_view role_id) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM roles WHERE role_id = :role_id", kColumns), {role_id}),
      role_from);
}

std::optional<Role> RoleRepository::find_by_name(std::string_view name) {
  return first(select(sql_, fmt::format("SELECT {} FROM roles WHERE name = :name", kColumns), {name}),
               role_from);
}

bool RoleRepository::is_name_taken(std::string_view name) {
  return !select(sql_, "SELECT role_id FROM roles WHERE lower(name) = lower(:name)", {name}).empty();
}

std::vector<Role> RoleRepository::list(std::string_view path_prefix) {
  return all(select(sql_, fmt::format("SELECT {} FROM roles WHERE {} ORDER BY name", kColumns, kBelowPath),
                    below_path(path_prefix)),
             role_from);
}

std::size_t RoleRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM roles"));
}

bool RoleRepository::update(const Role& role) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE roles SET trust_policy = :trust_policy, description = :description,"
                 " max_session_seconds = :max_session_seconds, boundary_arn = :boundary_arn"
                 " WHERE role_id = :role_id",
                 {role.trust_policy, role.description, std::int64_t{role.max_session.count()},
                  role.boundary_arn, role.role_id}) == 1;
}

void RoleRepository::note_use(std::string_view role_id, Timestamp now, std::string_view region) {
  execute(sql_, "UPDATE roles SET last_used = :now, last_used_region = :region WHERE role_id = :role_id",
          {now, region, role_id});
}

bool RoleRepository::remove(std::string_view role_id) {
  advance_generation(sql_);
  remove_holdings(sql_, role_id);
  remove_tags(sql_, kRoleTags, role_id);
  return execute(sql_, "DELETE FROM roles WHERE role_id = :role_id", {role_id}) == 1;
}

}  // namespace postern::store

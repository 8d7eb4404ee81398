#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns = "profile_id, name, path, arn, created, role_id";

InstanceProfile profile_from(Row& row) {
  return {.profile_id = row.text(),
          .name = row.text(),
          .path = row.text(),
          .arn = row.text(),
          .created = row.time(),
          .role_id = row.optional_text()};
}

}  // namespace

void InstanceProfileRepository::add(const InstanceProfile& profile) {
  execute(sql_,
          "INSERT INTO instance_profiles (profile_id, name, path, arn, created, role_id)"
          " VALUES (:profile_id, :name, :path, :arn, :created, :role_id)",
          {profile.profile_id, profile.name, profile.path, profile.arn, profile.created, profile.role_id});
  advance_generation(sql_);
}

std::optional<InstanceProfile> InstanceProfileRepository::find_by_name(std::string_view name) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM instance_profiles WHERE name = :name", kColumns), {name}),
      profile_from);
}

bool InstanceProfileRepository::is_name_taken(std::string_view name) {
  return !select(sql_, "SELECT profile_id FROM instance_profiles WHERE lower(name) = lower(:name)", {name})
              .empty();
}

std::vector<InstanceProfile> InstanceProfileRepository::list(std::string_view path_prefix) {
  return all(
      select(sql_,
             fmt::format("SELECT {} FROM instance_profiles WHERE {} ORDER BY name", kColumns, kBelowPath),
             below_path(path_prefix)),
      profile_from);
}

std::vector<InstanceProfile> InstanceProfileRepository::list_with_role(std::string_view role_id) {
  return all(
      select(sql_,
             fmt::format("SELECT {} FROM instance_profiles WHERE role_id = :role_id ORDER BY name", kColumns),
             {role_id}),
      profile_from);
}

std::size_t InstanceProfileRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM instance_profiles"));
}

bool InstanceProfileRepository::set_role(std::string_view profile_id,
                                         const std::optional<std::string>& role_id) {
  advance_generation(sql_);
  return execute(sql_, "UPDATE instance_profiles SET role_id = :role_id WHERE profile_id = :profile_id",
                 {role_id, profile_id}) == 1;
}

bool InstanceProfileRepository::remove(std::string_view profile_id) {
  advance_generation(sql_);
  remove_tags(sql_, kInstanceProfileTags, profile_id);
  return execute(sql_, "DELETE FROM instance_profiles WHERE profile_id = :profile_id", {profile_id}) == 1;
}

}  // namespace postern::store

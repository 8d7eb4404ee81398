#include "store/identities/shared.h"
#include "store/repositories.h"
#include "store/statement.h"

namespace postern::store {

void remove_tags(soci::session& sql, std::string_view resource_type, std::string_view resource_id) {
  execute(sql, "DELETE FROM tags WHERE resource_type = :resource_type AND resource_id = :resource_id",
          {resource_type, resource_id});
}

void TagRepository::put(std::string_view resource_type, std::string_view resource_id, const Tags& tags) {
  for (const auto& [key, value] : tags) {
    execute(sql_,
            "INSERT INTO tags (resource_type, resource_id, tag_key, tag_value)"
            " VALUES (:resource_type, :resource_id, :tag_key, :tag_value)"
            " ON CONFLICT (resource_type, resource_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value",
            {resource_type, resource_id, key, value});
  }
  advance_generation(sql_);
}

void TagRepository::remove(std::string_view resource_type, std::string_view resource_id,
                           const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    execute(sql_,
            "DELETE FROM tags"
            " WHERE resource_type = :resource_type AND resource_id = :resource_id AND tag_key = :tag_key",
            {resource_type, resource_id, key});
  }
  advance_generation(sql_);
}

Tags TagRepository::list(std::string_view resource_type, std::string_view resource_id) {
  Tags tags;
  for (auto& row : select(sql_,
                          "SELECT tag_key, tag_value FROM tags"
                          " WHERE resource_type = :resource_type AND resource_id = :resource_id",
                          {resource_type, resource_id})) {
    auto key = row.text();
    tags[std::move(key)] = row.text();
  }
  return tags;
}

std::map<std::string, Tags> TagRepository::list_all(std::string_view resource_type) {
  std::map<std::string, Tags> all;
  for (auto& row :
       select(sql_, "SELECT resource_id, tag_key, tag_value FROM tags WHERE resource_type = :resource_type",
              {resource_type})) {
    auto& tags = all[row.text()];
    auto key = row.text();
    tags[std::move(key)] = row.text();
  }
  return all;
}

std::vector<std::string> TagRepository::find(std::string_view resource_type, std::string_view key,
                                             std::string_view value) {
  std::vector<std::string> ids;
  for (auto& row :
       select(sql_,
              "SELECT resource_id FROM tags WHERE resource_type = :resource_type AND tag_key = :tag_key"
              " AND tag_value = :tag_value ORDER BY resource_id",
              {resource_type, key, value})) {
    ids.push_back(row.text());
  }
  return ids;
}

}  // namespace postern::store

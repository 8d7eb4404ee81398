#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

std::string text_from(Row& row) {
  return row.text();
}

// Counted here, since SQLite gives a count beside another column no type.
std::map<std::string, std::size_t> counted(std::vector<Row> rows) {
  std::map<std::string, std::size_t> counts;
  for (auto& row : rows) ++counts[row.text()];
  return counts;
}

}  // namespace

void remove_holdings(soci::session& sql, std::string_view holder_id) {
  execute(sql, "DELETE FROM attached_policies WHERE holder_id = :holder_id", {holder_id});
  execute(sql, "DELETE FROM inline_policies WHERE holder_id = :holder_id", {holder_id});
}

void AttachmentRepository::attach(std::string_view holder_id, std::string_view policy_arn) {
  execute(sql_,
          "INSERT INTO attached_policies (holder_id, policy_arn) VALUES (:holder_id, :policy_arn)"
          " ON CONFLICT (holder_id, policy_arn) DO NOTHING",
          {holder_id, policy_arn});
  advance_generation(sql_);
}

bool AttachmentRepository::detach(std::string_view holder_id, std::string_view policy_arn) {
  advance_generation(sql_);
  return execute(sql_,
                 "DELETE FROM attached_policies WHERE holder_id = :holder_id AND policy_arn = :policy_arn",
                 {holder_id, policy_arn}) == 1;
}

std::vector<std::string> AttachmentRepository::attached_to(std::string_view holder_id) {
  return all(select(sql_,
                    "SELECT policy_arn FROM attached_policies WHERE holder_id = :holder_id"
                    " ORDER BY policy_arn",
                    {holder_id}),
             text_from);
}

std::vector<std::string> AttachmentRepository::holders_of(std::string_view policy_arn) {
  return all(select(sql_,
                    "SELECT holder_id FROM attached_policies WHERE policy_arn = :policy_arn"
                    " ORDER BY holder_id",
                    {policy_arn}),
             text_from);
}

std::vector<std::string> AttachmentRepository::bounded_by(std::string_view policy_arn) {
  return all(select(sql_,
                    "SELECT user_id AS id FROM users WHERE boundary_arn = :arn"
                    " UNION ALL SELECT role_id AS id FROM roles WHERE boundary_arn = :again ORDER BY id",
                    {policy_arn, policy_arn}),
             text_from);
}

std::map<std::string, std::size_t> AttachmentRepository::attachment_counts() {
  return counted(select(sql_, "SELECT policy_arn FROM attached_policies"));
}

std::map<std::string, std::size_t> AttachmentRepository::boundary_counts() {
  return counted(select(sql_,
                        "SELECT boundary_arn FROM users WHERE boundary_arn <> ''"
                        " UNION ALL SELECT boundary_arn FROM roles WHERE boundary_arn <> ''"));
}

bool AttachmentRepository::reaches_user(std::string_view user_id, std::string_view policy_arn) {
  return !select(sql_,
                 "SELECT holder_id FROM attached_policies WHERE policy_arn = :policy_arn"
                 " AND (holder_id = :user_id OR holder_id IN"
                 " (SELECT group_id FROM group_members WHERE user_id = :again))",
                 {policy_arn, user_id, user_id})
              .empty();
}

void AttachmentRepository::put_inline(std::string_view holder_id, std::string_view name,
                                      std::string_view document) {
  execute(sql_,
          "INSERT INTO inline_policies (holder_id, name, document) VALUES (:holder_id, :name, :document)"
          " ON CONFLICT (holder_id, name) DO UPDATE SET document = excluded.document",
          {holder_id, name, document});
  advance_generation(sql_);
}

std::optional<std::string> AttachmentRepository::find_inline(std::string_view holder_id,
                                                             std::string_view name) {
  return first(
      select(sql_, "SELECT document FROM inline_policies WHERE holder_id = :holder_id AND name = :name",
             {holder_id, name}),
      text_from);
}

std::map<std::string, std::string> AttachmentRepository::inline_of(std::string_view holder_id) {
  std::map<std::string, std::string> policies;
  for (auto& row :
       select(sql_, "SELECT name, document FROM inline_policies WHERE holder_id = :holder_id", {holder_id})) {
    auto name = row.text();
    policies[std::move(name)] = row.text();
  }
  return policies;
}

bool AttachmentRepository::remove_inline(std::string_view holder_id, std::string_view name) {
  advance_generation(sql_);
  return execute(sql_, "DELETE FROM inline_policies WHERE holder_id = :holder_id AND name = :name",
                 {holder_id, name}) == 1;
}

}  // namespace postern::store

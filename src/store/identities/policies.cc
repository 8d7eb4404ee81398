#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns =
    "policy_id, name, path, arn, created, description, default_version, last_version, updated";

ManagedPolicy policy_from(Row& row) {
  return {.policy_id = row.text(),
          .name = row.text(),
          .path = row.text(),
          .arn = row.text(),
          .created = row.time(),
          .description = row.text(),
          .default_version = row.integer(),
          .last_version = row.integer(),
          .updated = row.time()};
}

PolicyVersion version_from(Row& row) {
  return {.version = row.integer(), .document = row.text(), .created = row.time()};
}

}  // namespace

void PolicyRepository::add(const ManagedPolicy& policy) {
  execute(sql_,
          "INSERT INTO policies (policy_id, name, path, arn, created, description, default_version,"
          " last_version, updated) VALUES (:policy_id, :name, :path, :arn, :created, :description,"
          " :default_version, :last_version, :updated)",
          {policy.policy_id, policy.name, policy.path, policy.arn, policy.created, policy.description,
           policy.default_version, policy.last_version, policy.updated});
  advance_generation(sql_);
}

std::optional<ManagedPolicy> PolicyRepository::find(std::string_view arn) {
  return first(select(sql_, fmt::format("SELECT {} FROM policies WHERE arn = :arn", kColumns), {arn}),
               policy_from);
}

bool PolicyRepository::is_name_taken(std::string_view name) {
  return !select(sql_, "SELECT policy_id FROM policies WHERE lower(name) = lower(:name)", {name}).empty();
}

std::vector<ManagedPolicy> PolicyRepository::list(std::string_view path_prefix) {
  return all(select(sql_, fmt::format("SELECT {} FROM policies WHERE {} ORDER BY name", kColumns, kBelowPath),
                    below_path(path_prefix)),
             policy_from);
}

std::size_t PolicyRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM policies"));
}

bool PolicyRepository::remove(std::string_view policy_id) {
  advance_generation(sql_);
  remove_tags(sql_, kPolicyTags, policy_id);
  return execute(sql_, "DELETE FROM policies WHERE policy_id = :policy_id", {policy_id}) == 1;
}

void PolicyRepository::add_version(std::string_view policy_id, const PolicyVersion& version) {
  execute(sql_,
          "INSERT INTO policy_versions (policy_id, version, document, created)"
          " VALUES (:policy_id, :version, :document, :created)",
          {policy_id, version.version, version.document, version.created});
  execute(sql_,
          "UPDATE policies SET last_version = :version, updated = :updated"
          " WHERE policy_id = :policy_id AND last_version < :again",
          {version.version, version.created, policy_id, version.version});
  advance_generation(sql_);
}

std::vector<PolicyVersion> PolicyRepository::versions(std::string_view policy_id) {
  return all(select(sql_,
                    "SELECT version, document, created FROM policy_versions WHERE policy_id = :policy_id"
                    " ORDER BY version DESC",
                    {policy_id}),
             version_from);
}

std::optional<PolicyVersion> PolicyRepository::find_version(std::string_view policy_id,
                                                            std::int64_t version) {
  return first(select(sql_,
                      "SELECT version, document, created FROM policy_versions"
                      " WHERE policy_id = :policy_id AND version = :version",
                      {policy_id, version}),
               version_from);
}

bool PolicyRepository::set_default(std::string_view policy_id, std::int64_t version, Timestamp now) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE policies SET default_version = :version, updated = :updated"
                 " WHERE policy_id = :policy_id",
                 {version, now, policy_id}) == 1;
}

bool PolicyRepository::remove_version(std::string_view policy_id, std::int64_t version) {
  advance_generation(sql_);
  return execute(sql_, "DELETE FROM policy_versions WHERE policy_id = :policy_id AND version = :version",
                 {policy_id, version}) == 1;
}

std::size_t PolicyRepository::count_versions() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM policy_versions"));
}

}  // namespace postern::store

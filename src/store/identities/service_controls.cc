#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns = "policy_id, name, description, content, created";

ServiceControlPolicy policy_from(Row& row) {
  return {.policy_id = row.text(),
          .name = row.text(),
          .description = row.text(),
          .content = row.text(),
          .created = row.time()};
}

std::vector<std::string> targets_of(soci::session& sql, const std::string& policy_id) {
  return all(select(sql,
                    "SELECT target_id FROM service_control_targets WHERE policy_id = :policy_id"
                    " ORDER BY target_id",
                    {policy_id}),
             [](Row& row) { return row.text(); });
}

std::optional<ServiceControlPolicy> with_targets(soci::session& sql,
                                                 std::optional<ServiceControlPolicy> policy) {
  if (policy) policy->targets = targets_of(sql, policy->policy_id);
  return policy;
}

}  // namespace

void ServiceControlRepository::add(const ServiceControlPolicy& policy) {
  execute(sql_,
          "INSERT INTO service_control_policies (policy_id, name, description, content, created)"
          " VALUES (:policy_id, :name, :description, :content, :created)",
          {policy.policy_id, policy.name, policy.description, policy.content, policy.created});
  advance_generation(sql_);
}

std::optional<ServiceControlPolicy> ServiceControlRepository::find(std::string_view policy_id) {
  return with_targets(
      sql_, first(select(sql_,
                         fmt::format("SELECT {} FROM service_control_policies WHERE policy_id = :policy_id",
                                     kColumns),
                         {policy_id}),
                  policy_from));
}

std::optional<ServiceControlPolicy> ServiceControlRepository::find_by_name(std::string_view name) {
  return with_targets(
      sql_,
      first(select(sql_, fmt::format("SELECT {} FROM service_control_policies WHERE name = :name", kColumns),
                   {name}),
            policy_from));
}

std::vector<ServiceControlPolicy> ServiceControlRepository::list() {
  auto policies =
      all(select(sql_, fmt::format("SELECT {} FROM service_control_policies ORDER BY name", kColumns)),
          policy_from);
  for (auto& policy : policies) policy.targets = targets_of(sql_, policy.policy_id);
  return policies;
}

bool ServiceControlRepository::update(const ServiceControlPolicy& policy) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE service_control_policies SET name = :name, description = :description,"
                 " content = :content WHERE policy_id = :policy_id",
                 {policy.name, policy.description, policy.content, policy.policy_id}) == 1;
}

bool ServiceControlRepository::remove(std::string_view policy_id) {
  advance_generation(sql_);
  remove_tags(sql_, kServiceControlTags, policy_id);
  return execute(sql_, "DELETE FROM service_control_policies WHERE policy_id = :policy_id", {policy_id}) == 1;
}

void ServiceControlRepository::attach(std::string_view policy_id, std::string_view target_id) {
  execute(sql_,
          "INSERT INTO service_control_targets (policy_id, target_id) VALUES (:policy_id, :target_id)"
          " ON CONFLICT (policy_id, target_id) DO NOTHING",
          {policy_id, target_id});
  advance_generation(sql_);
}

bool ServiceControlRepository::detach(std::string_view policy_id, std::string_view target_id) {
  advance_generation(sql_);
  return execute(
             sql_,
             "DELETE FROM service_control_targets WHERE policy_id = :policy_id AND target_id = :target_id",
             {policy_id, target_id}) == 1;
}

}  // namespace postern::store

#include <fmt/format.h>

#include "store/repositories.h"
#include "store/statement.h"

namespace postern::store {
namespace {

// Their tags live with those of all other resources.
constexpr std::string_view kResourceType = "Activation";

constexpr std::string_view kSelect =
    "SELECT activation_id, code_hash, description, default_instance_name, iam_role, registration_limit,"
    " registrations_count, expires, created FROM activations";

Activation activation_from(Row& row) {
  return {.activation_id = row.text(),
          .code_hash = row.text(),
          .description = row.text(),
          .default_instance_name = row.text(),
          .iam_role = row.text(),
          .registration_limit = static_cast<int>(row.integer()),
          .registrations_count = static_cast<int>(row.integer()),
          .expires = row.time(),
          .created = row.time(),
          .tags = {}};
}

}  // namespace

void ActivationRepository::add(const Activation& activation) {
  execute(sql_,
          "INSERT INTO activations (activation_id, code_hash, description, default_instance_name, iam_role,"
          " registration_limit, registrations_count, expires, created)"
          " VALUES (:activation_id, :code_hash, :description, :default_instance_name, :iam_role,"
          " :registration_limit, :registrations_count, :expires, :created)",
          {activation.activation_id, activation.code_hash, activation.description,
           activation.default_instance_name, activation.iam_role, activation.registration_limit,
           activation.registrations_count, activation.expires, activation.created});
  TagRepository(sql_).put(kResourceType, activation.activation_id, activation.tags);
}

std::optional<Activation> ActivationRepository::find(std::string_view activation_id) {
  auto rows = select(sql_, fmt::format("{} WHERE activation_id = :activation_id", kSelect), {activation_id});
  if (rows.empty()) return std::nullopt;
  auto activation = activation_from(rows.front());
  activation.tags = TagRepository(sql_).list(kResourceType, activation_id);
  return activation;
}

std::vector<Activation> ActivationRepository::list() {
  auto tags = TagRepository(sql_).list_all(kResourceType);
  std::vector<Activation> activations;
  for (auto& row : select(sql_, fmt::format("{} ORDER BY created, activation_id", kSelect))) {
    auto& activation = activations.emplace_back(activation_from(row));
    activation.tags = std::move(tags[activation.activation_id]);
  }
  return activations;
}

bool ActivationRepository::count_registration(std::string_view activation_id) {
  return execute(sql_,
                 "UPDATE activations SET registrations_count = registrations_count + 1"
                 " WHERE activation_id = :activation_id AND registrations_count < registration_limit",
                 {activation_id}) == 1;
}

bool ActivationRepository::remove(std::string_view activation_id) {
  execute(sql_, "DELETE FROM tags WHERE resource_type = :resource_type AND resource_id = :resource_id",
          {kResourceType, activation_id});
  return execute(sql_, "DELETE FROM activations WHERE activation_id = :activation_id", {activation_id}) == 1;
}

}  // namespace postern::store

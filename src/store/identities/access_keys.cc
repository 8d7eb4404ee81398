#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"
#include "store/sealer.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns =
    "access_key_id, user_id, sealed_secret, active, created, last_used, last_used_region, last_used_service";

std::string secret_context(std::string_view access_key_id) {
  return "access_keys.secret:" + std::string(access_key_id);
}

auto key_with(const Sealer& sealer) {
  return [&sealer](Row& row) {
    AccessKey key{.access_key_id = row.text(), .user_id = row.text()};
    key.secret = sealer.unseal(row.text(), secret_context(key.access_key_id));
    key.status = row.flag() ? KeyStatus::kActive : KeyStatus::kInactive;
    key.created = row.time();
    key.last_used = row.optional_time();
    key.last_used_region = row.text();
    key.last_used_service = row.text();
    return key;
  };
}

}  // namespace

void UserRepository::add_key(const AccessKey& key) {
  execute(sql_,
          "INSERT INTO access_keys (access_key_id, user_id, sealed_secret, active, created)"
          " VALUES (:access_key_id, :user_id, :sealed_secret, :active, :created)",
          {key.access_key_id, key.user_id, sealer_.seal(key.secret, secret_context(key.access_key_id)),
           key.status == KeyStatus::kActive, key.created});
  advance_generation(sql_);
}

std::optional<AccessKey> UserRepository::find_key(std::string_view access_key_id) {
  return first(
      select(sql_, fmt::format("SELECT {} FROM access_keys WHERE access_key_id = :access_key_id", kColumns),
             {access_key_id}),
      key_with(sealer_));
}

std::vector<AccessKey> UserRepository::keys_of(std::string_view user_id) {
  return all(select(sql_,
                    fmt::format("SELECT {} FROM access_keys WHERE user_id = :user_id"
                                " ORDER BY created, access_key_id",
                                kColumns),
                    {user_id}),
             key_with(sealer_));
}

bool UserRepository::set_key_status(std::string_view access_key_id, KeyStatus status) {
  advance_generation(sql_);
  return execute(sql_, "UPDATE access_keys SET active = :active WHERE access_key_id = :access_key_id",
                 {status == KeyStatus::kActive, access_key_id}) == 1;
}

void UserRepository::note_key_use(std::string_view access_key_id, Timestamp now, std::string_view region,
                                  std::string_view service) {
  execute(sql_,
          "UPDATE access_keys SET last_used = :last_used, last_used_region = :region,"
          " last_used_service = :service WHERE access_key_id = :access_key_id",
          {now, region, service, access_key_id});
}

bool UserRepository::remove_key(std::string_view access_key_id) {
  advance_generation(sql_);
  return execute(sql_, "DELETE FROM access_keys WHERE access_key_id = :access_key_id", {access_key_id}) == 1;
}

std::size_t UserRepository::count_keys() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM access_keys"));
}

}  // namespace postern::store

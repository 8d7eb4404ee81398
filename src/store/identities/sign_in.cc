#include <fmt/format.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"
#include "store/sealer.h"

/// Login profiles and MFA devices.
namespace postern::store {
namespace {

constexpr std::string_view kDeviceColumns =
    "serial_number, sealed_seed, user_id, created, enabled, last_step";

std::string seed_context(std::string_view serial_number) {
  return "mfa_devices.seed:" + std::string(serial_number);
}

auto device_with(const Sealer& sealer) {
  return [&sealer](Row& row) {
    MfaDevice device{.serial_number = row.text()};
    device.seed = sealer.unseal(row.text(), seed_context(device.serial_number));
    device.user_id = row.optional_text();
    device.created = row.time();
    device.enabled = row.optional_time();
    device.last_step = row.integer();
    return device;
  };
}

}  // namespace

void LoginProfileRepository::put(const LoginProfile& profile) {
  execute(sql_,
          "INSERT INTO login_profiles (user_id, password_hash, reset_required, created)"
          " VALUES (:user_id, :password_hash, :reset_required, :created) ON CONFLICT (user_id) DO UPDATE SET"
          " password_hash = excluded.password_hash, reset_required = excluded.reset_required",
          {profile.user_id, profile.password_hash.reveal(), profile.reset_required, profile.created});
  advance_generation(sql_);
}

std::optional<LoginProfile> LoginProfileRepository::find(std::string_view user_id) {
  return first(select(sql_,
                      "SELECT user_id, password_hash, reset_required, created FROM login_profiles"
                      " WHERE user_id = :user_id",
                      {user_id}),
               [](Row& row) {
                 return LoginProfile{.user_id = row.text(),
                                     .password_hash = Secret(row.text()),
                                     .reset_required = row.flag(),
                                     .created = row.time()};
               });
}

bool LoginProfileRepository::remove(std::string_view user_id) {
  advance_generation(sql_);
  return execute(sql_, "DELETE FROM login_profiles WHERE user_id = :user_id", {user_id}) == 1;
}

void MfaDeviceRepository::add(const MfaDevice& device) {
  execute(sql_,
          "INSERT INTO mfa_devices (serial_number, sealed_seed, user_id, created, enabled, last_step)"
          " VALUES (:serial_number, :sealed_seed, :user_id, :created, :enabled, :last_step)",
          {device.serial_number, sealer_.seal(device.seed, seed_context(device.serial_number)),
           device.user_id, device.created, device.enabled, device.last_step});
  advance_generation(sql_);
}

std::optional<MfaDevice> MfaDeviceRepository::find(std::string_view serial_number) {
  return first(
      select(sql_,
             fmt::format("SELECT {} FROM mfa_devices WHERE serial_number = :serial_number", kDeviceColumns),
             {serial_number}),
      device_with(sealer_));
}

std::vector<MfaDevice> MfaDeviceRepository::list() {
  return all(select(sql_, fmt::format("SELECT {} FROM mfa_devices ORDER BY serial_number", kDeviceColumns)),
             device_with(sealer_));
}

std::vector<MfaDevice> MfaDeviceRepository::devices_of(std::string_view user_id) {
  return all(select(sql_,
                    fmt::format("SELECT {} FROM mfa_devices WHERE user_id = :user_id ORDER BY serial_number",
                                kDeviceColumns),
                    {user_id}),
             device_with(sealer_));
}

bool MfaDeviceRepository::enable(std::string_view serial_number, std::string_view user_id, Timestamp now,
                                 std::int64_t step) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE mfa_devices SET user_id = :user_id, enabled = :enabled, last_step = :last_step"
                 " WHERE serial_number = :serial_number",
                 {user_id, now, step, serial_number}) == 1;
}

bool MfaDeviceRepository::disable(std::string_view serial_number) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE mfa_devices SET user_id = NULL, enabled = NULL"
                 " WHERE serial_number = :serial_number",
                 {serial_number}) == 1;
}

bool MfaDeviceRepository::accept_step(std::string_view serial_number, std::int64_t step) {
  return execute(sql_,
                 "UPDATE mfa_devices SET last_step = :step"
                 " WHERE serial_number = :serial_number AND last_step < :again",
                 {step, serial_number, step}) == 1;
}

bool MfaDeviceRepository::remove(std::string_view serial_number) {
  advance_generation(sql_);
  remove_tags(sql_, kMfaDeviceTags, serial_number);
  return execute(sql_, "DELETE FROM mfa_devices WHERE serial_number = :serial_number", {serial_number}) == 1;
}

}  // namespace postern::store

#include <utility>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "api/iam/sign_in_operations.h"
#include "auth/totp.h"

/// What a user does with an MFA device: EnableMFADevice, ResyncMFADevice, DeactivateMFADevice,
/// ListMFADevices, GetMFADevice.
namespace postern::api::iam {
namespace {

constexpr aws::ErrorCode kInvalidAuthenticationCode{"InvalidAuthenticationCode", 403};
// "IAM and AWS STS quotas"
constexpr std::size_t kMaxDevicesOfUser = 8;
// How many steps a device's clock may be off when it is enabled; one step counts for the codes themselves.
constexpr std::int64_t kPairTolerance = auth::kTotpTolerance;
const aws::Pattern kCode(R"([\d]*)");

void check_device(aws::Validation& validation, const std::optional<std::string>& user_name,
                  const std::string& serial_number) {
  if (user_name) check_user_name(validation, "userName", *user_name);
  validation.length("serialNumber", serial_number, 9, 256);
}

struct CodesRequest {
  std::string user_name;
  std::string serial_number;
  std::string authentication_code1;
  std::string authentication_code2;

  void validate(aws::Validation& validation) const {
    check_device(validation, user_name, serial_number);
    for (const auto& [at, code] : {std::pair{"authenticationCode1", &authentication_code1},
                                   std::pair{"authenticationCode2", &authentication_code2}}) {
      validation.length(at, *code, auth::kTotpDigits, auth::kTotpDigits);
      validation.pattern(at, *code, kCode);
    }
  }
};
BOOST_DESCRIBE_STRUCT(CodesRequest, (),
                      (user_name, serial_number, authentication_code1, authentication_code2))

store::MfaDevice device_at(store::Repositories& repos, const std::string& serial_number) {
  auto device = repos.mfa_devices.find(serial_number);
  if (!device)
    refuse(kNoSuchEntity, "VirtualMFADevice with serial number " + serial_number + " doesn't exist.");
  return std::move(*device);
}

// One that is this user's.
store::MfaDevice device_of(store::Repositories& repos, const store::User& user,
                           const std::string& serial_number) {
  auto device = repos.mfa_devices.find(serial_number);
  if (!device || device->user_id != user.user_id)
    refuse(kNoSuchEntity, "MFA Device invalid for user " + user.name + ": " + serial_number);
  return std::move(*device);
}

std::int64_t require_codes(const store::MfaDevice& device, const CodesRequest& in, Timestamp now) {
  const auto step = auth::match_totp_pair(device.seed, in.authentication_code1, in.authentication_code2, now,
                                          kPairTolerance);
  if (!step)
    refuse(kInvalidAuthenticationCode,
           "Authentication code for device is not valid. Give two codes that the device shows one after the "
           "other, and "
           "check its clock.");
  return *step;
}

awaitable<Result<Empty>> enable_device(Call& call, CodesRequest in) {
  return change_identities(call, [in = std::move(in),
                                  now = call.services.clock.now()](store::Repositories& repos) {
    const auto user = user_named(repos, in.user_name);
    const auto device = device_at(repos, in.serial_number);
    if (device.user_id) refuse(kEntityAlreadyExists, "MFA Device is already in use: " + in.serial_number);
    require_below(repos.mfa_devices.devices_of(user.user_id).size(), kMaxDevicesOfUser, "MFADevicesPerUser");
    const auto step = require_codes(device, in, now);
    repos.mfa_devices.enable(in.serial_number, user.user_id, now, step);
  });
}

awaitable<Result<Empty>> resync_device(Call& call, CodesRequest in) {
  return change_identities(call,
                           [in = std::move(in), now = call.services.clock.now()](store::Repositories& repos) {
                             const auto user = user_named(repos, in.user_name);
                             const auto device = device_of(repos, user, in.serial_number);
                             // The codes are used up, so that neither serves somebody who looked on.
                             repos.mfa_devices.accept_step(in.serial_number, require_codes(device, in, now));
                           });
}

struct DeviceRequest {
  std::optional<std::string> user_name;
  std::string serial_number;
  void validate(aws::Validation& validation) const { check_device(validation, user_name, serial_number); }
};
BOOST_DESCRIBE_STRUCT(DeviceRequest, (), (user_name, serial_number))

awaitable<Result<Empty>> deactivate_device(Call& call, DeviceRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    device_of(repos, user_named(repos, *in.user_name), in.serial_number);
    repos.mfa_devices.disable(in.serial_number);
  });
}

struct DeviceShape {
  std::string user_name;
  std::string serial_number;
  Timestamp enable_date;
};
BOOST_DESCRIBE_STRUCT(DeviceShape, (), (user_name, serial_number, enable_date))

awaitable<Result<DeviceShape>> get_device(Call& call, DeviceRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto user = user_named(repos, *in.user_name);
    const auto device = device_of(repos, user, in.serial_number);
    return DeviceShape{user.name, device.serial_number, device.enabled.value_or(device.created)};
  });
}

struct ListRequest {
  std::optional<std::string> user_name;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (user_name, marker, max_items))

struct ListResponse {
  std::vector<DeviceShape> mfa_devices;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (mfa_devices, is_truncated, marker))

awaitable<Result<ListResponse>> list_devices(Call& call, ListRequest in) {
  auto devices = co_await read_identities(call, [name = *in.user_name](store::Repositories& repos) {
    const auto user = user_named(repos, name);
    std::vector<DeviceShape> all;
    for (const auto& device : repos.mfa_devices.devices_of(user.user_id))
      all.push_back({user.name, device.serial_number, device.enabled.value_or(device.created)});
    return all;
  });
  if (!devices) co_return std::unexpected(std::move(devices.error()));
  co_return paged(call, "ListMFADevices " + *in.user_name, in, std::move(*devices), ListResponse{},
                  &ListResponse::mfa_devices, [](const DeviceShape& device) { return device.serial_number; });
}

}  // namespace

void register_mfa_codes(Registry& registry) {
  add<CodesRequest, Empty>(
      registry, "EnableMFADevice",
      {.access = on<Kind::kUser>("EnableMFADevice", &CodesRequest::user_name), .run = enable_device});
  add<CodesRequest, Empty>(
      registry, "ResyncMFADevice",
      {.access = on<Kind::kUser>("ResyncMFADevice", &CodesRequest::user_name), .run = resync_device});
  add<DeviceRequest, Empty>(registry, "DeactivateMFADevice",
                            {.access = on<Kind::kUser>("DeactivateMFADevice", &DeviceRequest::user_name),
                             .run = deactivate_device});
  add<DeviceRequest, DeviceShape>(
      registry, "GetMFADevice",
      {.access = on<Kind::kUser>("GetMFADevice", &DeviceRequest::user_name), .run = get_device});
  add<ListRequest, ListResponse>(
      registry, "ListMFADevices",
      {.access = on<Kind::kUser>("ListMFADevices", &ListRequest::user_name), .run = list_devices});
}

}  // namespace postern::api::iam

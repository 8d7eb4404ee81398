#include <utility>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/sign_in_operations.h"
#include "api/iam/tagged_by_arn.h"
#include "auth/qr_code.h"
#include "auth/totp.h"
#include "base/encoding.h"

/// CreateVirtualMFADevice, DeleteVirtualMFADevice, ListVirtualMFADevices, and their tags.
namespace postern::api::iam {
namespace {

constexpr auto kIssuer = "Postern";
constexpr std::string_view kStatuses[] = {"Assigned", "Unassigned", "Any"};
constexpr std::size_t kMaxDevices = 40'000;

void check_serial_number(aws::Validation& validation, const std::string& serial_number) {
  validation.length("serialNumber", serial_number, 9, 256);
}

std::string base64_of(std::string_view text) {
  return to_base64(as_bytes(text));
}

struct CreateRequest {
  std::optional<std::string> path;
  std::string virtual_mfa_device_name;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    check_path(validation, path);
    check_long_name(validation, "virtualMFADeviceName", virtual_mfa_device_name);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (), (path, virtual_mfa_device_name, tags))

struct NewDevice {
  std::string serial_number;
  /// Blobs, so base64 of base32 and of a PNG.
  Secret base32_string_seed;
  Secret qr_code_png;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(NewDevice, (), (serial_number, base32_string_seed, qr_code_png, tags))

struct CreateResponse {
  NewDevice virtual_mfa_device;
};
BOOST_DESCRIBE_STRUCT(CreateResponse, (), (virtual_mfa_device))

awaitable<Result<CreateResponse>> create_device(Call& call, CreateRequest in) {
  const auto& names = call.services.installation;
  store::MfaDevice device{
      .serial_number = names.iam_arn("mfa", in.path.value_or("/"), in.virtual_mfa_device_name),
      .seed = auth::make_totp_seed(),
      .created = call.services.clock.now()};
  const auto uri = auth::totp_uri(kIssuer, in.virtual_mfa_device_name + '@' + names.account, device.seed);
  const auto picture = auth::qr_code_png(uri);
  if (!picture)
    co_return std::unexpected(
        aws::kValidation("The device's name is too long for a QR code. Choose a shorter one."));
  CreateResponse out{{.serial_number = device.serial_number,
                      .base32_string_seed = Secret(base64_of(auth::totp_seed_text(device.seed).reveal())),
                      .qr_code_png = Secret(to_base64(*picture))}};
  if (!in.tags.empty()) out.virtual_mfa_device.tags = in.tags;
  auto added = co_await change_identities(call, [in, device](store::Repositories& repos) {
    if (repos.mfa_devices.find(device.serial_number))
      refuse(kEntityAlreadyExists, "MFADevice entity at the same path and name already exists.");
    require_below(repos.mfa_devices.list().size(), kMaxDevices, "MFADevices");
    require_tags({}, in.tags);
    repos.mfa_devices.add(device);
    repos.tags.put(store::kMfaDeviceTags, device.serial_number, to_record(in.tags));
  });
  if (!added) co_return std::unexpected(std::move(added.error()));
  co_return out;
}

struct SerialRequest {
  std::string serial_number;
  void validate(aws::Validation& validation) const { check_serial_number(validation, serial_number); }
};
BOOST_DESCRIBE_STRUCT(SerialRequest, (), (serial_number))

store::MfaDevice device_at(store::Repositories& repos, const std::string& serial_number) {
  auto device = repos.mfa_devices.find(serial_number);
  if (!device)
    refuse(kNoSuchEntity, "VirtualMFADevice with serial number " + serial_number + " doesn't exist.");
  return std::move(*device);
}

void require_device(store::Repositories& repos, const std::string& serial_number) {
  device_at(repos, serial_number);
}

awaitable<Result<Empty>> delete_device(Call& call, SerialRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    if (device_at(repos, in.serial_number).user_id)
      refuse(kDeleteConflict, "MFA VirtualDevice in use. Must deactivate first.");
    repos.mfa_devices.remove(in.serial_number);
  });
}

struct ListRequest {
  std::optional<std::string> assignment_status;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    if (assignment_status) validation.one_of("assignmentStatus", *assignment_status, kStatuses);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListRequest, (), (assignment_status, marker, max_items))

struct ListedDevice {
  std::string serial_number;
  std::optional<UserShape> user;
  std::optional<Timestamp> enable_date;
};
BOOST_DESCRIBE_STRUCT(ListedDevice, (), (serial_number, user, enable_date))

struct ListResponse {
  std::vector<ListedDevice> virtual_mfa_devices;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (virtual_mfa_devices, is_truncated, marker))

awaitable<Result<ListResponse>> list_devices(Call& call, ListRequest in) {
  auto devices = co_await call.services.store.read(
      [status = in.assignment_status.value_or("Any")](store::Repositories& repos) {
        std::vector<ListedDevice> all;
        for (const auto& device : repos.mfa_devices.list()) {
          if (status != "Any" && device.user_id.has_value() != (status == "Assigned")) continue;
          ListedDevice listed{.serial_number = device.serial_number, .enable_date = device.enabled};
          if (const auto user = device.user_id ? repos.users.find(*device.user_id) : std::nullopt)
            listed.user = to_shape(repos, *user, Detail::kListed);
          all.push_back(std::move(listed));
        }
        return all;
      });
  co_return paged(call, "ListVirtualMFADevices " + in.assignment_status.value_or(""), in, std::move(devices),
                  ListResponse{}, &ListResponse::virtual_mfa_devices,
                  [](const ListedDevice& device) { return device.serial_number; });
}

struct TagRequest : SerialRequest {
  std::vector<Tag> tags;
  void validate(aws::Validation& validation) const {
    SerialRequest::validate(validation);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(TagRequest, (SerialRequest), (tags))

struct UntagRequest : SerialRequest {
  std::vector<std::string> tag_keys;
  void validate(aws::Validation& validation) const {
    SerialRequest::validate(validation);
    check_tag_keys(validation, tag_keys);
  }
};
BOOST_DESCRIBE_STRUCT(UntagRequest, (SerialRequest), (tag_keys))

struct ListTagsRequest : SerialRequest {
  std::optional<std::string> marker;
  std::optional<int> max_items;
  void validate(aws::Validation& validation) const {
    SerialRequest::validate(validation);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListTagsRequest, (SerialRequest), (marker, max_items))

struct ListTagsResponse {
  std::vector<Tag> tags;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListTagsResponse, (), (tags, is_truncated, marker))

}  // namespace

void register_mfa_devices(Registry& registry) {
  add<CreateRequest, CreateResponse>(
      registry, "CreateVirtualMFADevice",
      {.access = on_new("CreateVirtualMFADevice", "mfa", &CreateRequest::virtual_mfa_device_name),
       .run = create_device});
  add<SerialRequest, Empty>(
      registry, "DeleteVirtualMFADevice",
      {.access = on_arn("DeleteVirtualMFADevice", store::kMfaDeviceTags, &SerialRequest::serial_number),
       .run = delete_device});
  add<ListRequest, ListResponse>(registry, "ListVirtualMFADevices",
                                 {.access = on_everything("iam:ListVirtualMFADevices"), .run = list_devices});
  add_tag_operations<TagRequest, UntagRequest, ListTagsRequest, ListTagsResponse>(
      registry, "MFADevice", store::kMfaDeviceTags, &TagRequest::serial_number, &UntagRequest::serial_number,
      &ListTagsRequest::serial_number, require_device);
}

}  // namespace postern::api::iam

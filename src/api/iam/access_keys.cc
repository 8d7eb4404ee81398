#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "auth/authenticator.h"

/// CreateAccessKey, UpdateAccessKey, DeleteAccessKey, ListAccessKeys, GetAccessKeyLastUsed.
namespace postern::api::iam {
namespace {

constexpr std::string_view kStatuses[] = {"Active", "Inactive"};
const aws::Pattern kKeyId(R"([\w]+)");

std::string status_text(store::KeyStatus status) {
  return std::string(kStatuses[status == store::KeyStatus::kActive ? 0 : 1]);
}

void check_key(aws::Validation& validation, const std::optional<std::string>& user_name,
               const std::string& access_key_id) {
  if (user_name) check_user_name(validation, "userName", *user_name);
  validation.length("accessKeyId", access_key_id, 16, 128);
  validation.pattern("accessKeyId", access_key_id, kKeyId);
}

struct CreateKeyRequest {
  std::optional<std::string> user_name;
  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
  }
};
BOOST_DESCRIBE_STRUCT(CreateKeyRequest, (), (user_name))

struct KeyShape {
  std::string user_name;
  std::string access_key_id;
  std::string status;
  Secret secret_access_key;
  Timestamp create_date;
};
BOOST_DESCRIBE_STRUCT(KeyShape, (), (user_name, access_key_id, status, secret_access_key, create_date))

struct CreateKeyResponse {
  KeyShape access_key;
};
BOOST_DESCRIBE_STRUCT(CreateKeyResponse, (), (access_key))

awaitable<Result<CreateKeyResponse>> create_key(Call& call, CreateKeyRequest in) {
  return change_identities(
      call, [in = std::move(in), now = call.services.clock.now()](store::Repositories& repos) {
        const auto user = user_named(repos, *in.user_name);
        require_below(repos.users.keys_of(user.user_id).size(), kMaxAccessKeys, "AccessKeysPerUser");
        const auto key = auth::make_access_key(user.user_id, now);
        repos.users.add_key(key);
        return CreateKeyResponse{{.user_name = user.name,
                                  .access_key_id = key.access_key_id,
                                  .status = status_text(key.status),
                                  .secret_access_key = key.secret,
                                  .create_date = key.created}};
      });
}

// The key, which must be this user's.
store::AccessKey key_of(store::Repositories& repos, const std::string& user_name, const std::string& key_id) {
  const auto user = user_named(repos, user_name);
  auto key = repos.users.find_key(key_id);
  if (!key || key->user_id != user.user_id)
    refuse(kNoSuchEntity, "The Access Key with id " + key_id + " cannot be found.");
  return std::move(*key);
}

struct UpdateKeyRequest {
  std::optional<std::string> user_name;
  std::string access_key_id;
  std::string status;

  void validate(aws::Validation& validation) const {
    check_key(validation, user_name, access_key_id);
    validation.one_of("status", status, kStatuses);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateKeyRequest, (), (user_name, access_key_id, status))

awaitable<Result<Empty>> update_key(Call& call, UpdateKeyRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto key = key_of(repos, *in.user_name, in.access_key_id);
    repos.users.set_key_status(key.access_key_id, in.status == kStatuses[0] ? store::KeyStatus::kActive
                                                                            : store::KeyStatus::kInactive);
  });
}

struct DeleteKeyRequest {
  std::optional<std::string> user_name;
  std::string access_key_id;
  void validate(aws::Validation& validation) const { check_key(validation, user_name, access_key_id); }
};
BOOST_DESCRIBE_STRUCT(DeleteKeyRequest, (), (user_name, access_key_id))

awaitable<Result<Empty>> delete_key(Call& call, DeleteKeyRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    repos.users.remove_key(key_of(repos, *in.user_name, in.access_key_id).access_key_id);
  });
}

struct ListKeysRequest {
  std::optional<std::string> user_name;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListKeysRequest, (), (user_name, marker, max_items))

struct KeyMetadata {
  std::string user_name;
  std::string access_key_id;
  std::string status;
  Timestamp create_date;
};
BOOST_DESCRIBE_STRUCT(KeyMetadata, (), (user_name, access_key_id, status, create_date))

struct ListKeysResponse {
  std::vector<KeyMetadata> access_key_metadata;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListKeysResponse, (), (access_key_metadata, is_truncated, marker))

awaitable<Result<ListKeysResponse>> list_keys(Call& call, ListKeysRequest in) {
  auto keys = co_await read_identities(call, [name = *in.user_name](store::Repositories& repos) {
    const auto user = user_named(repos, name);
    std::vector<KeyMetadata> all;
    for (const auto& key : repos.users.keys_of(user.user_id))
      all.push_back({user.name, key.access_key_id, status_text(key.status), key.created});
    std::ranges::sort(all, {}, &KeyMetadata::access_key_id);
    return all;
  });
  if (!keys) co_return std::unexpected(std::move(keys.error()));
  co_return paged(call, "ListAccessKeys " + *in.user_name, in, std::move(*keys), ListKeysResponse{},
                  &ListKeysResponse::access_key_metadata,
                  [](const KeyMetadata& key) { return key.access_key_id; });
}

struct LastUsedRequest {
  std::string access_key_id;
  void validate(aws::Validation& validation) const { check_key(validation, std::nullopt, access_key_id); }
};
BOOST_DESCRIBE_STRUCT(LastUsedRequest, (), (access_key_id))

struct KeyLastUsed {
  std::optional<Timestamp> last_used_date;
  std::string service_name = "N/A";
  std::string region = "N/A";
};
BOOST_DESCRIBE_STRUCT(KeyLastUsed, (), (last_used_date, service_name, region))

struct LastUsedResponse {
  std::string user_name;
  KeyLastUsed access_key_last_used;
};
BOOST_DESCRIBE_STRUCT(LastUsedResponse, (), (user_name, access_key_last_used))

awaitable<Result<LastUsedResponse>> get_last_used(Call& call, LastUsedRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto key = repos.users.find_key(in.access_key_id);
    const auto user = key ? repos.users.find(key->user_id) : std::nullopt;
    if (!user) refuse(kNoSuchEntity, "The Access Key with id " + in.access_key_id + " cannot be found.");
    LastUsedResponse out{.user_name = user->name};
    if (key->last_used)
      out.access_key_last_used = {key->last_used, key->last_used_service, key->last_used_region};
    return out;
  });
}

// On the user whose key it is, as AWS asks.
awaitable<Result<auth::Access>> last_used_access(Call& call, LastUsedRequest& in) {
  const auto owner =
      co_await call.services.store.read([id = in.access_key_id](store::Repositories& repos) -> std::string {
        const auto key = repos.users.find_key(id);
        const auto user = key ? repos.users.find(key->user_id) : std::nullopt;
        return user ? user->arn : "*";
      });
  auth::Access access{.action = "iam:GetAccessKeyLastUsed"};
  access.about(owner);
  co_return access;
}

}  // namespace

void register_access_keys(Registry& registry) {
  add<CreateKeyRequest, CreateKeyResponse>(
      registry, "CreateAccessKey",
      {.access = on<Kind::kUser>("CreateAccessKey", &CreateKeyRequest::user_name), .run = create_key});
  add<UpdateKeyRequest, Empty>(
      registry, "UpdateAccessKey",
      {.access = on<Kind::kUser>("UpdateAccessKey", &UpdateKeyRequest::user_name), .run = update_key});
  add<DeleteKeyRequest, Empty>(
      registry, "DeleteAccessKey",
      {.access = on<Kind::kUser>("DeleteAccessKey", &DeleteKeyRequest::user_name), .run = delete_key});
  add<ListKeysRequest, ListKeysResponse>(
      registry, "ListAccessKeys",
      {.access = on<Kind::kUser>("ListAccessKeys", &ListKeysRequest::user_name), .run = list_keys});
  add<LastUsedRequest, LastUsedResponse>(registry, "GetAccessKeyLastUsed",
                                         {.access = last_used_access, .run = get_last_used});
}

}  // namespace postern::api::iam

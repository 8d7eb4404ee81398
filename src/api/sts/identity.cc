#include "api/sts/operations.h"
#include "api/sts/shapes.h"

/// GetCallerIdentity (control-plane.md 6.10) and GetAccessKeyInfo.
namespace postern::api::sts {
namespace {

const aws::Pattern kKeyId(R"([\w]*)");

struct GetCallerIdentityResult {
  std::string arn;
  std::string user_id;
  std::string account;
};
BOOST_DESCRIBE_STRUCT(GetCallerIdentityResult, (), (arn, user_id, account))

awaitable<Result<GetCallerIdentityResult>> get_caller_identity(Call& call, Empty) {
  co_return GetCallerIdentityResult{call.principal.arn, call.principal.user_id, call.principal.account};
}

struct AccessKeyInfoRequest {
  std::string access_key_id;
  void validate(aws::Validation& validation) const {
    validation.length("accessKeyId", access_key_id, 16, 128);
    validation.pattern("accessKeyId", access_key_id, kKeyId);
  }
};
BOOST_DESCRIBE_STRUCT(AccessKeyInfoRequest, (), (access_key_id))

struct AccessKeyInfoResult {
  std::string account;
};
BOOST_DESCRIBE_STRUCT(AccessKeyInfoResult, (), (account))

awaitable<Result<AccessKeyInfoResult>> get_access_key_info(Call& call, AccessKeyInfoRequest in) {
  const bool known = co_await call.services.store.read([id = in.access_key_id](store::Repositories& repos) {
    return repos.users.find_key(id).has_value() || repos.temporary_credentials.find(id).has_value() ||
           repos.nodes.find_credential(id).has_value();
  });
  if (!known)
    co_return std::unexpected(
        aws::kValidation("The access key " + in.access_key_id + " is not one of this account."));
  co_return AccessKeyInfoResult{call.services.installation.account};
}

}  // namespace

void register_operations(Registry& registry) {
  registry.add("sts", "GetCallerIdentity",
               query_operation<Empty, GetCallerIdentityResult>(
                   "GetCallerIdentity", kNamespace,
                   {.access = on_everything("sts:GetCallerIdentity"), .run = get_caller_identity}));
  registry.add("sts", "GetAccessKeyInfo",
               query_operation<AccessKeyInfoRequest, AccessKeyInfoResult>(
                   "GetAccessKeyInfo", kNamespace,
                   {.access = on_everything("sts:GetAccessKeyInfo"), .run = get_access_key_info}));
  register_assume_role(registry);
  register_session_token(registry);
  register_web_identity(registry);
}

}  // namespace postern::api::sts

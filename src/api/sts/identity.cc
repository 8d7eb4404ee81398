#include "api/sts/operations.h"

/// GetCallerIdentity (control-plane.md 6.10).
namespace postern::api::sts {
namespace {

constexpr auto kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

struct GetCallerIdentityResult {
  std::string arn;
  std::string user_id;
  std::string account;
};
BOOST_DESCRIBE_STRUCT(GetCallerIdentityResult, (), (arn, user_id, account))

awaitable<Result<GetCallerIdentityResult>> get_caller_identity(Call& call, Empty) {
  co_return GetCallerIdentityResult{call.principal.arn, call.principal.user_id, call.principal.account};
}

}  // namespace

void register_operations(Registry& registry) {
  registry.add("sts", "GetCallerIdentity",
               query_operation<Empty, GetCallerIdentityResult>(
                   "GetCallerIdentity", kNamespace,
                   {.access = on_everything("sts:GetCallerIdentity"), .run = get_caller_identity}));
}

}  // namespace postern::api::sts

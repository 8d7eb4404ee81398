#include <map>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/requests.h"
#include "aws/policies/built_in.h"

/// GetAccountSummary; CreateAccountAlias, DeleteAccountAlias, ListAccountAliases.
namespace postern::api::iam {
namespace {

constexpr auto kAliasSetting = "account_alias";
const aws::Pattern kAlias(R"([a-z0-9]([a-z0-9]|-[a-z0-9]){1,61}[a-z0-9])");

struct SummaryResponse {
  std::map<std::string, std::size_t> summary_map;
};
BOOST_DESCRIBE_STRUCT(SummaryResponse, (), (summary_map))

std::map<std::string, std::size_t> summary_of(store::Repositories& repos) {
  std::size_t devices_in_use = 0;
  const auto devices = repos.mfa_devices.list();
  for (const auto& device : devices) devices_in_use += device.user_id ? 1 : 0;
  return {{"Users", repos.users.count()},
          {"UsersQuota", kMaxUsers},
          {"Groups", repos.groups.count()},
          {"GroupsQuota", kMaxGroups},
          {"Roles", repos.roles.count()},
          {"RolesQuota", kMaxRoles},
          {"InstanceProfiles", repos.instance_profiles.count()},
          {"InstanceProfilesQuota", kMaxInstanceProfiles},
          {"Policies", repos.policies.count()},
          {"PoliciesQuota", kMaxPolicies},
          {"PolicyVersionsInUse", repos.policies.count_versions()},
          {"PolicyVersionsInUseQuota", kMaxPolicies * kMaxPolicyVersions},
          {"VersionsPerPolicyQuota", kMaxPolicyVersions},
          {"PolicySizeQuota", postern::iam::kManagedPolicyLimits.characters},
          {"UserPolicySizeQuota", postern::iam::kUserInlineLimits.characters},
          {"GroupPolicySizeQuota", postern::iam::kGroupInlineLimits.characters},
          {"RolePolicySizeQuota", postern::iam::kRoleInlineLimits.characters},
          {"AssumeRolePolicySizeQuota", postern::iam::kTrustPolicyLimits.characters},
          {"AttachedPoliciesPerUserQuota", kMaxAttachments},
          {"AttachedPoliciesPerGroupQuota", kMaxAttachments},
          {"AttachedPoliciesPerRoleQuota", kMaxAttachments},
          {"GroupsPerUserQuota", kMaxGroupsOfUser},
          {"AccessKeysPerUserQuota", kMaxAccessKeys},
          {"MFADevices", devices.size()},
          {"MFADevicesInUse", devices_in_use},
          {"Providers", repos.oidc_providers.list().size()},
          // There is no root user to sign in as.
          {"AccountMFAEnabled", 0},
          {"AccountAccessKeysPresent", 0},
          {"AccountSigningCertificatesPresent", 0},
          {"AccountPasswordPresent", 0},
          {"ServerCertificates", 0}};
}

awaitable<Result<SummaryResponse>> get_summary(Call& call, Empty) {
  co_return SummaryResponse{co_await call.services.store.read(summary_of)};
}

struct AliasRequest {
  std::string account_alias;
  void validate(aws::Validation& validation) const {
    validation.length("accountAlias", account_alias, 3, 63);
    validation.pattern("accountAlias", account_alias, kAlias);
  }
};
BOOST_DESCRIBE_STRUCT(AliasRequest, (), (account_alias))

awaitable<Result<Empty>> create_alias(Call& call, AliasRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    repos.settings.put(kAliasSetting, in.account_alias);
  });
}

awaitable<Result<Empty>> delete_alias(Call& call, AliasRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    if (repos.settings.find(kAliasSetting) != in.account_alias)
      refuse(kNoSuchEntity, "The Account Alias " + in.account_alias + " cannot be found.");
    repos.settings.put(kAliasSetting, "");
  });
}

struct ListAliasesResponse {
  std::vector<std::string> account_aliases;
  bool is_truncated = false;
};
BOOST_DESCRIBE_STRUCT(ListAliasesResponse, (), (account_aliases, is_truncated))

awaitable<Result<ListAliasesResponse>> list_aliases(Call& call, Empty) {
  const auto alias = co_await call.services.store.read(
      [](store::Repositories& repos) { return repos.settings.find(kAliasSetting); });
  ListAliasesResponse out;
  if (alias && !alias->empty()) out.account_aliases.push_back(*alias);
  co_return out;
}

}  // namespace

void register_account(Registry& registry) {
  add<Empty, SummaryResponse>(registry, "GetAccountSummary",
                              {.access = on_everything("iam:GetAccountSummary"), .run = get_summary});
  add<AliasRequest, Empty>(registry, "CreateAccountAlias",
                           {.access = on_everything("iam:CreateAccountAlias"), .run = create_alias});
  add<AliasRequest, Empty>(registry, "DeleteAccountAlias",
                           {.access = on_everything("iam:DeleteAccountAlias"), .run = delete_alias});
  add<Empty, ListAliasesResponse>(registry, "ListAccountAliases",
                                  {.access = on_everything("iam:ListAccountAliases"), .run = list_aliases});
}

}  // namespace postern::api::iam

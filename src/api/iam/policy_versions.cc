#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"

/// CreatePolicyVersion, GetPolicyVersion, DeletePolicyVersion, ListPolicyVersions, SetDefaultPolicyVersion.
namespace postern::api::iam {
namespace {

const aws::Pattern kVersionId(R"(v[1-9][0-9]*(\.[A-Za-z0-9-]*)?)");

struct VersionResponse {
  PolicyVersionShape policy_version;
};
BOOST_DESCRIBE_STRUCT(VersionResponse, (), (policy_version))

struct CreateVersionRequest {
  std::string policy_arn;
  std::string policy_document;
  std::optional<bool> set_as_default;

  void validate(aws::Validation& validation) const {
    check_policy_arn(validation, "policyArn", policy_arn);
    check_document(validation, "policyDocument", policy_document);
  }
};
BOOST_DESCRIBE_STRUCT(CreateVersionRequest, (), (policy_arn, policy_document, set_as_default))

awaitable<Result<VersionResponse>> create_version(Call& call, CreateVersionRequest in) {
  return change_identities(call, [in = std::move(in),
                                  now = call.services.clock.now()](store::Repositories& repos) {
    const auto policy = own_policy_at(repos, in.policy_arn);
    require_policy(in.policy_document, postern::iam::PolicyKind::kIdentity,
                   postern::iam::kManagedPolicyLimits);
    if (repos.policies.versions(policy.policy_id).size() >= kMaxPolicyVersions) {
      refuse(
          kLimitExceeded,
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
          "existing version.");
    }
    const store::PolicyVersion version{
        .version = policy.last_version + 1, .document = in.policy_document, .created = now};
    repos.policies.add_version(policy.policy_id, version);
    const bool is_default = in.set_as_default.value_or(false);
    if (is_default) repos.policies.set_default(policy.policy_id, version.version, now);
    return VersionResponse{to_shape(version, is_default ? version.version : 0, Detail::kListed)};
  });
}

struct VersionRequest {
  std::string policy_arn;
  std::string version_id;

  void validate(aws::Validation& validation) const {
    check_policy_arn(validation, "policyArn", policy_arn);
    validation.pattern("versionId", version_id, kVersionId);
  }
};
BOOST_DESCRIBE_STRUCT(VersionRequest, (), (policy_arn, version_id))

[[noreturn]] void refuse_version(const VersionRequest& in) {
  refuse(kNoSuchEntity,
         "Policy " + in.policy_arn + " version " + in.version_id + " does not exist or is not attachable.");
}

awaitable<Result<VersionResponse>> get_version(Call& call, VersionRequest in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto policy = policy_at(repos, in.policy_arn);
    const auto number = version_number(in.version_id);
    for (const auto& version : versions_of(repos, policy)) {
      if (version.version == number)
        return VersionResponse{to_shape(version, policy.default_version, Detail::kWhole)};
    }
    refuse_version(in);
  });
}

awaitable<Result<Empty>> delete_version(Call& call, VersionRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto policy = own_policy_at(repos, in.policy_arn);
    const auto number = version_number(in.version_id);
    if (number == policy.default_version)
      refuse(kDeleteConflict, "Cannot delete the default version of a policy.");
    if (!number || !repos.policies.remove_version(policy.policy_id, *number)) refuse_version(in);
  });
}

awaitable<Result<Empty>> set_default_version(Call& call, VersionRequest in) {
  return change_identities(call,
                           [in = std::move(in), now = call.services.clock.now()](store::Repositories& repos) {
                             const auto policy = own_policy_at(repos, in.policy_arn);
                             const auto number = version_number(in.version_id);
                             if (!number || !repos.policies.find_version(policy.policy_id, *number))
                               refuse_version(in);
                             repos.policies.set_default(policy.policy_id, *number, now);
                           });
}

struct ListVersionsRequest {
  std::string policy_arn;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    check_policy_arn(validation, "policyArn", policy_arn);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListVersionsRequest, (), (policy_arn, marker, max_items))

struct ListVersionsResponse {
  std::vector<PolicyVersionShape> versions;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListVersionsResponse, (), (versions, is_truncated, marker))

// Newest first as AWS lists them; the id that a page ends with falls as the list goes on.
std::string falling_id(const PolicyVersionShape& version) {
  return fmt::format("{:020}", 1'000'000'000'000 - version_number(version.version_id).value_or(0));
}

awaitable<Result<ListVersionsResponse>> list_versions(Call& call, ListVersionsRequest in) {
  auto versions = co_await read_identities(call, [arn = in.policy_arn](store::Repositories& repos) {
    const auto policy = policy_at(repos, arn);
    std::vector<PolicyVersionShape> all;
    for (const auto& version : versions_of(repos, policy))
      all.insert(all.begin(), to_shape(version, policy.default_version, Detail::kListed));
    return all;
  });
  if (!versions) co_return std::unexpected(std::move(versions.error()));
  co_return paged(call, "ListPolicyVersions " + in.policy_arn, in, std::move(*versions),
                  ListVersionsResponse{}, &ListVersionsResponse::versions, falling_id);
}

}  // namespace

void register_policy_versions(Registry& registry) {
  add<CreateVersionRequest, VersionResponse>(
      registry, "CreatePolicyVersion",
      {.access = on_policy("CreatePolicyVersion", &CreateVersionRequest::policy_arn), .run = create_version});
  add<VersionRequest, VersionResponse>(
      registry, "GetPolicyVersion",
      {.access = on_policy("GetPolicyVersion", &VersionRequest::policy_arn), .run = get_version});
  add<VersionRequest, Empty>(
      registry, "DeletePolicyVersion",
      {.access = on_policy("DeletePolicyVersion", &VersionRequest::policy_arn), .run = delete_version});
  add<VersionRequest, Empty>(registry, "SetDefaultPolicyVersion",
                             {.access = on_policy("SetDefaultPolicyVersion", &VersionRequest::policy_arn),
                              .run = set_default_version});
  add<ListVersionsRequest, ListVersionsResponse>(
      registry, "ListPolicyVersions",
      {.access = on_policy("ListPolicyVersions", &ListVersionsRequest::policy_arn), .run = list_versions});
}

}  // namespace postern::api::iam

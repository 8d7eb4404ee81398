#include "api/iam/errors.h"
#include "api/iam/holders.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"

/// AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies, and the same for groups and roles.
namespace postern::api::iam {
namespace {

template <class Names>
struct AttachmentRequest : Names {
  std::string policy_arn;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_policy_arn(validation, "policyArn", policy_arn);
  }
};
template <class Names>
struct ListRequest : Names {
  std::optional<std::string> path_prefix;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_path_prefix(validation, path_prefix);
    check_paging(validation, marker, max_items);
  }
};
struct ListResponse {
  std::vector<AttachedPolicyShape> attached_policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (attached_policies, is_truncated, marker))

BOOST_DESCRIBE_STRUCT(AttachmentRequest<NamesUser>, (NamesUser), (policy_arn))
BOOST_DESCRIBE_STRUCT(AttachmentRequest<NamesGroup>, (NamesGroup), (policy_arn))
BOOST_DESCRIBE_STRUCT(AttachmentRequest<NamesRole>, (NamesRole), (policy_arn))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesUser>, (NamesUser), (path_prefix, marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesGroup>, (NamesGroup), (path_prefix, marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesRole>, (NamesRole), (path_prefix, marker, max_items))

template <class In>
awaitable<Result<Empty>> attach_policy(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    using Of = typename In::Of;
    const auto id = Of::id(repos, in.holder());
    if (!find_policy(repos, in.policy_arn))
      refuse(kNoSuchEntity, "Policy " + in.policy_arn + " does not exist or is not attachable.");
    const auto attached = repos.attachments.attached_to(id);
    if (std::ranges::find(attached, in.policy_arn) != attached.end()) return;
    require_below(attached.size(), kMaxAttachments, "PoliciesPer" + std::string(Of::kName));
    repos.attachments.attach(id, in.policy_arn);
  });
}

template <class In>
awaitable<Result<Empty>> detach_policy(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto id = In::Of::id(repos, in.holder());
    if (!repos.attachments.detach(id, in.policy_arn))
      refuse(kNoSuchEntity, "Policy " + in.policy_arn + " was not found.");
  });
}

template <class In>
awaitable<Result<ListResponse>> list_attached(Call& call, In in) {
  auto attached = co_await read_identities(call, [in](store::Repositories& repos) {
    const auto prefix = in.path_prefix.value_or("/");
    std::vector<AttachedPolicyShape> all;
    for (const auto& arn : repos.attachments.attached_to(In::Of::id(repos, in.holder()))) {
      const auto policy = find_policy(repos, arn);
      if (policy && policy->path.starts_with(prefix)) all.push_back(attached_shape(repos, arn));
    }
    return all;
  });
  if (!attached) co_return std::unexpected(std::move(attached.error()));
  co_return paged(call, fmt::format("ListAttached{}Policies {}", In::Of::kName, in.holder()), in,
                  std::move(*attached), ListResponse{}, &ListResponse::attached_policies,
                  [](const AttachedPolicyShape& policy) { return policy.policy_arn; });
}

template <class Names>
void register_for(Registry& registry) {
  const std::string name(Names::Of::kName);
  add<AttachmentRequest<Names>, Empty>(
      registry, "Attach" + name + "Policy",
      {.access = on_holder<AttachmentRequest<Names>>("Attach" + name + "Policy"),
       .run = attach_policy<AttachmentRequest<Names>>});
  add<AttachmentRequest<Names>, Empty>(
      registry, "Detach" + name + "Policy",
      {.access = on_holder<AttachmentRequest<Names>>("Detach" + name + "Policy"),
       .run = detach_policy<AttachmentRequest<Names>>});
  add<ListRequest<Names>, ListResponse>(
      registry, "ListAttached" + name + "Policies",
      {.access = on_holder<ListRequest<Names>>("ListAttached" + name + "Policies"),
       .run = list_attached<ListRequest<Names>>});
}

}  // namespace

void register_attachments(Registry& registry) {
  register_for<NamesUser>(registry);
  register_for<NamesGroup>(registry);
  register_for<NamesRole>(registry);
}

}  // namespace postern::api::iam

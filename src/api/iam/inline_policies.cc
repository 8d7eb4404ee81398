#include "api/iam/errors.h"
#include "api/iam/holders.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"

/// PutUserPolicy, GetUserPolicy, DeleteUserPolicy, ListUserPolicies, and the same for groups and roles.
namespace postern::api::iam {
namespace {

template <class Names>
struct PutRequest : Names {
  std::string policy_name;
  std::string policy_document;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_long_name(validation, "policyName", policy_name);
    check_document(validation, "policyDocument", policy_document);
  }
};
template <class Names>
struct NamedRequest : Names {
  std::string policy_name;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_long_name(validation, "policyName", policy_name);
  }
};
template <class Names>
struct GetResponse : Names {
  std::string policy_name;
  std::string policy_document;
};
template <class Names>
struct ListRequest : Names {
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_paging(validation, marker, max_items);
  }
};
struct ListResponse {
  std::vector<std::string> policy_names;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (policy_names, is_truncated, marker))

// One after the other, as Describe wants no templates.
BOOST_DESCRIBE_STRUCT(PutRequest<NamesUser>, (NamesUser), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(PutRequest<NamesGroup>, (NamesGroup), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(PutRequest<NamesRole>, (NamesRole), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(NamedRequest<NamesUser>, (NamesUser), (policy_name))
BOOST_DESCRIBE_STRUCT(NamedRequest<NamesGroup>, (NamesGroup), (policy_name))
BOOST_DESCRIBE_STRUCT(NamedRequest<NamesRole>, (NamesRole), (policy_name))
BOOST_DESCRIBE_STRUCT(GetResponse<NamesUser>, (NamesUser), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(GetResponse<NamesGroup>, (NamesGroup), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(GetResponse<NamesRole>, (NamesRole), (policy_name, policy_document))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesUser>, (NamesUser), (marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesGroup>, (NamesGroup), (marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesRole>, (NamesRole), (marker, max_items))

// A holder's inline policies share one quota.
template <class Of>
void require_room(store::Repositories& repos, const std::string& id, const std::string& replaced,
                  const std::string& document) {
  constexpr auto kLimits = Of::kInlineLimits;
  auto size = postern::iam::counted_characters(document, kLimits.rule);
  for (const auto& [name, present] : repos.attachments.inline_of(id)) {
    if (name != replaced) size += postern::iam::counted_characters(present, kLimits.rule);
  }
  if (size > kLimits.characters) {
    refuse(kLimitExceeded, fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                       kLimits.characters, Of::kName, id));
  }
}

template <class In>
awaitable<Result<Empty>> put_policy(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    using Of = typename In::Of;
    const auto id = Of::id(repos, in.holder());
    require_room<Of>(repos, id, in.policy_name, in.policy_document);
    require_policy(in.policy_document, postern::iam::PolicyKind::kIdentity, Of::kInlineLimits);
    repos.attachments.put_inline(id, in.policy_name, in.policy_document);
  });
}

template <class In>
[[noreturn]] void refuse_policy(const In& in) {
  refuse(kNoSuchEntity, fmt::format("The {} policy with name {} cannot be found.",
                                    In::Of::kName == "User"    ? "user"
                                    : In::Of::kName == "Group" ? "group"
                                                               : "role",
                                    in.policy_name));
}

template <class Names>
awaitable<Result<GetResponse<Names>>> get_policy(Call& call, NamedRequest<Names> in) {
  return read_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto id = Names::Of::id(repos, in.holder());
    const auto document = repos.attachments.find_inline(id, in.policy_name);
    if (!document) refuse_policy(in);
    GetResponse<Names> out;
    static_cast<Names&>(out) = in;
    out.policy_name = in.policy_name;
    out.policy_document = encoded_document(*document);
    return out;
  });
}

template <class In>
awaitable<Result<Empty>> delete_policy(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto id = In::Of::id(repos, in.holder());
    if (!repos.attachments.remove_inline(id, in.policy_name)) refuse_policy(in);
  });
}

template <class In>
awaitable<Result<ListResponse>> list_policies(Call& call, In in) {
  auto names = co_await read_identities(call, [holder = in.holder()](store::Repositories& repos) {
    std::vector<std::string> all;
    for (const auto& [name, document] : repos.attachments.inline_of(In::Of::id(repos, holder)))
      all.push_back(name);
    return all;
  });
  if (!names) co_return std::unexpected(std::move(names.error()));
  co_return paged(call, fmt::format("List{}Policies {}", In::Of::kName, in.holder()), in, std::move(*names),
                  ListResponse{}, &ListResponse::policy_names, [](const std::string& name) { return name; });
}

template <class Names>
void register_for(Registry& registry) {
  const std::string name(Names::Of::kName);
  add<PutRequest<Names>, Empty>(registry, "Put" + name + "Policy",
                                {.access = on_holder<PutRequest<Names>>("Put" + name + "Policy"),
                                 .run = put_policy<PutRequest<Names>>});
  add<NamedRequest<Names>, GetResponse<Names>>(
      registry, "Get" + name + "Policy",
      {.access = on_holder<NamedRequest<Names>>("Get" + name + "Policy"), .run = get_policy<Names>});
  add<NamedRequest<Names>, Empty>(registry, "Delete" + name + "Policy",
                                  {.access = on_holder<NamedRequest<Names>>("Delete" + name + "Policy"),
                                   .run = delete_policy<NamedRequest<Names>>});
  add<ListRequest<Names>, ListResponse>(registry, "List" + name + "Policies",
                                        {.access = on_holder<ListRequest<Names>>("List" + name + "Policies"),
                                         .run = list_policies<ListRequest<Names>>});
}

}  // namespace

void register_inline_policies(Registry& registry) {
  register_for<NamesUser>(registry);
  register_for<NamesGroup>(registry);
  register_for<NamesRole>(registry);
}

}  // namespace postern::api::iam

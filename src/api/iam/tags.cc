#include "api/iam/errors.h"
#include "api/iam/holders.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/tag_keys.h"

/// TagUser, UntagUser, ListUserTags, and the same for roles, instance profiles and policies.
namespace postern::api::iam {
namespace {

struct NamesProfile {
  std::string instance_profile_name;
  const std::string& holder() const { return instance_profile_name; }
  void check_holder(aws::Validation& validation) const {
    check_long_name(validation, "instanceProfileName", instance_profile_name);
  }
};
BOOST_DESCRIBE_STRUCT(NamesProfile, (), (instance_profile_name))

struct NamesPolicy {
  std::string policy_arn;
  const std::string& holder() const { return policy_arn; }
  void check_holder(aws::Validation& validation) const {
    check_policy_arn(validation, "policyArn", policy_arn);
  }
};
BOOST_DESCRIBE_STRUCT(NamesPolicy, (), (policy_arn))

// Where the tags of what a request names are kept, and what the resource is in an authorization.
struct Tagged {
  std::string_view type;
  std::string id;
};
Tagged tagged(store::Repositories& repos, const NamesUser& in) {
  return {store::kUserTags, user_named(repos, in.user_name).user_id};
}
Tagged tagged(store::Repositories& repos, const NamesRole& in) {
  return {store::kRoleTags, role_named(repos, in.role_name).role_id};
}
Tagged tagged(store::Repositories& repos, const NamesProfile& in) {
  return {store::kInstanceProfileTags, profile_named(repos, in.instance_profile_name).profile_id};
}
Tagged tagged(store::Repositories& repos, const NamesPolicy& in) {
  return {store::kPolicyTags, own_policy_at(repos, in.policy_arn).policy_id};
}

awaitable<auth::Resource> resource(Call& call, const NamesUser& in) {
  return identity_resource(call, Kind::kUser, in.user_name);
}
awaitable<auth::Resource> resource(Call& call, const NamesRole& in) {
  return identity_resource(call, Kind::kRole, in.role_name);
}
awaitable<auth::Resource> resource(Call& call, const NamesProfile& in) {
  return identity_resource(call, Kind::kInstanceProfile, in.instance_profile_name);
}
awaitable<auth::Resource> resource(Call& call, const NamesPolicy& in) {
  return policy_resource(call, in.policy_arn);
}

template <class Names>
struct TagRequest : Names {
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_tags(validation, tags);
  }
};
template <class Names>
struct UntagRequest : Names {
  std::vector<std::string> tag_keys;

  void validate(aws::Validation& validation) const {
    this->check_holder(validation);
    check_tag_keys(validation, tag_keys);
  }
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
  std::vector<Tag> tags;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (tags, is_truncated, marker))

BOOST_DESCRIBE_STRUCT(TagRequest<NamesUser>, (NamesUser), (tags))
BOOST_DESCRIBE_STRUCT(TagRequest<NamesRole>, (NamesRole), (tags))
BOOST_DESCRIBE_STRUCT(TagRequest<NamesProfile>, (NamesProfile), (tags))
BOOST_DESCRIBE_STRUCT(TagRequest<NamesPolicy>, (NamesPolicy), (tags))
BOOST_DESCRIBE_STRUCT(UntagRequest<NamesUser>, (NamesUser), (tag_keys))
BOOST_DESCRIBE_STRUCT(UntagRequest<NamesRole>, (NamesRole), (tag_keys))
BOOST_DESCRIBE_STRUCT(UntagRequest<NamesProfile>, (NamesProfile), (tag_keys))
BOOST_DESCRIBE_STRUCT(UntagRequest<NamesPolicy>, (NamesPolicy), (tag_keys))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesUser>, (NamesUser), (marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesRole>, (NamesRole), (marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesProfile>, (NamesProfile), (marker, max_items))
BOOST_DESCRIBE_STRUCT(ListRequest<NamesPolicy>, (NamesPolicy), (marker, max_items))

template <class In>
auto on_tagged(std::string action) {
  return [action = "iam:" + action](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auto about = co_await resource(call, in);
    co_return detail::access_to(action, std::move(about), in);
  };
}

template <class In>
awaitable<Result<Empty>> tag(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto what = tagged(repos, in);
    require_tags(repos.tags.list(what.type, what.id), in.tags);
    put_tags(repos, what.type, what.id, to_record(in.tags));
  });
}

template <class In>
awaitable<Result<Empty>> untag(Call& call, In in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    const auto what = tagged(repos, in);
    repos.tags.remove(what.type, what.id, in.tag_keys);
  });
}

template <class In>
awaitable<Result<ListResponse>> list_tags(Call& call, std::string operation, In in) {
  auto tags = co_await read_identities(call, [in](store::Repositories& repos) {
    const auto what = tagged(repos, in);
    return to_shape(repos.tags.list(what.type, what.id));
  });
  if (!tags) co_return std::unexpected(std::move(tags.error()));
  co_return paged(call, operation + ' ' + in.holder(), in, std::move(*tags), ListResponse{},
                  &ListResponse::tags, [](const Tag& one) { return one.key; });
}

template <class Names>
void register_for(Registry& registry, const std::string& name) {
  add<TagRequest<Names>, Empty>(
      registry, "Tag" + name,
      {.access = on_tagged<TagRequest<Names>>("Tag" + name), .run = tag<TagRequest<Names>>});
  add<UntagRequest<Names>, Empty>(
      registry, "Untag" + name,
      {.access = on_tagged<UntagRequest<Names>>("Untag" + name), .run = untag<UntagRequest<Names>>});
  const auto list = "List" + name + "Tags";
  add<ListRequest<Names>, ListResponse>(
      registry, list,
      {.access = on_tagged<ListRequest<Names>>(list),
       .run = [list](Call& call, ListRequest<Names> in) { return list_tags(call, list, std::move(in)); }});
}

}  // namespace

void register_tags(Registry& registry) {
  register_for<NamesUser>(registry, "User");
  register_for<NamesRole>(registry, "Role");
  register_for<NamesProfile>(registry, "InstanceProfile");
  register_for<NamesPolicy>(registry, "Policy");
}

}  // namespace postern::api::iam

#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "api/iam/errors.h"
#include "api/operation.h"
#include "auth/request_context.h"

/// How IAM's operations are declared: what they ask permission for, and their names.
namespace postern::api::iam {

inline constexpr auto kNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";

template <class In, class Out>
void add(Registry& registry, const std::string& operation, OperationSpec<In, Out> spec) {
  registry.add("iam", operation, query_operation<In, Out>(operation, kNamespace, std::move(spec)));
}

enum class Kind { kUser, kGroup, kRole, kInstanceProfile };

/// What is known about an identity that a request names, whether it is there (ARN with its path, tags) or not
/// (path /).
awaitable<auth::Resource> identity_resource(Call& call, Kind kind, std::string name);
/// The same of a managed policy.
awaitable<auth::Resource> policy_resource(Call& call, std::string arn);
/// Of one that is yet to be made.
auth::Resource new_resource(const Call& call, std::string_view kind, const std::optional<std::string>& path,
                            const std::string& name);

/// Of one that is there, once it has been given another name or path.
auth::Resource moved_resource(const Call& call, Kind kind, const auth::Resource& now,
                              const std::optional<std::string>& new_name,
                              const std::optional<std::string>& new_path);

/// The caller's own name, where a request leaves out whose user it means. Error: ValidationError for others
/// than users.
Result<std::string> own_user_name(const Call& call);

namespace detail {

/// Condition keys that follow from a request's members.
template <class In>
auth::ContextKeys keys_of(const In& in) {
  auth::ContextKeys keys;
  if constexpr (requires { in.tags; }) auth::append(keys, auth::tag_request_keys(to_record(in.tags)));
  if constexpr (requires { in.tag_keys; }) auth::append(keys, auth::tag_request_keys(in.tag_keys));
  if constexpr (requires { in.policy_arn; }) keys.emplace_back("iam:PolicyARN", in.policy_arn);
  if constexpr (requires { in.permissions_boundary; }) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(in.permissions_boundary)>, std::string>) {
      keys.emplace_back("iam:PermissionsBoundary", in.permissions_boundary);
    } else if (in.permissions_boundary) {
      keys.emplace_back("iam:PermissionsBoundary", *in.permissions_boundary);
    }
  }
  return keys;
}

template <class In>
auth::Access access_to(std::string action, auth::Resource resource, const In& in) {
  auth::Access access{.action = std::move(action), .keys = keys_of(in)};
  access.about(std::move(resource));
  return access;
}

/// Who makes something with tags must be allowed to tag it: with CreateUser goes TagUser.
template <class In>
void ask_for_tags(auth::Access& access, const In& in) {
  if constexpr (requires { in.tags; }) {
    static constexpr std::string_view kCreate = "iam:Create";
    auto what = access.action.substr(kCreate.size());
    if (what == "VirtualMFADevice") what = "MFADevice";
    if (!in.tags.empty()) access.further_actions.push_back("iam:Tag" + what);
  }
}

}  // namespace detail

/// The action on the identity that a member of the request names; a user that is not named is the caller.
template <Kind Named, class In, class Name>
auto on(std::string action, Name In::* name) {
  return [action = "iam:" + action, name](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    if constexpr (std::is_same_v<Name, std::optional<std::string>>) {
      if (!(in.*name)) {
        auto own = own_user_name(call);
        if (!own) co_return std::unexpected(std::move(own.error()));
        in.*name = std::move(*own);
      }
      auto resource = co_await identity_resource(call, Named, *(in.*name));
      co_return detail::access_to(action, std::move(resource), in);
    } else {
      auto resource = co_await identity_resource(call, Named, in.*name);
      co_return detail::access_to(action, std::move(resource), in);
    }
  };
}

/// The action on an identity that the request gives another name or path: the old ARN and the new one must
/// both be allowed, as AWS asks.
template <Kind Named, class In>
auto on_moved(std::string action, std::string In::* name, std::optional<std::string> In::* new_name) {
  return [action = "iam:" + action, name, new_name](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    const auto now = co_await identity_resource(call, Named, in.*name);
    auth::Access access{.action = action};
    access.resources = {now, moved_resource(call, Named, now, in.*new_name, in.new_path)};
    co_return access;
  };
}

/// The action on an identity or a policy that the request is about to make: `kind` as in ARNs.
template <class In>
auto on_new(std::string action, std::string kind, std::string In::* name) {
  return [action = "iam:" + action, kind = std::move(kind), name](Call& call,
                                                                  In& in) -> awaitable<Result<auth::Access>> {
    auto access = detail::access_to(action, new_resource(call, kind, in.path, in.*name), in);
    detail::ask_for_tags(access, in);
    co_return access;
  };
}

/// The action on the policy that a member of the request names by its ARN.
template <class In>
auto on_policy(std::string action, std::string In::* arn) {
  return [action = "iam:" + action, arn](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auto resource = co_await policy_resource(call, in.*arn);
    co_return detail::access_to(action, std::move(resource), in);
  };
}

/// The action on all of a kind: AWS asks about `user/`, and so do we.
inline auto on_all(std::string action, std::string kind) {
  return [action = "iam:" + action, kind = std::move(kind)](Call& call,
                                                            auto&) -> awaitable<Result<auth::Access>> {
    auth::Access access{.action = action};
    access.about(auth::Resource(call.services.installation.iam_arn(kind, "/", "")));
    co_return access;
  };
}

}  // namespace postern::api::iam

#include "api/iam/simulated_principal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/access.h"
#include "auth/temporary_credentials.h"
#include "aws/arn.h"
#include "aws/policies/built_in.h"

namespace postern::api::iam {
namespace {

constexpr aws::ErrorCode kNoSuchEntity{"NoSuchEntity", 404};
constexpr aws::ErrorCode kInvalidInput{"InvalidInput", 400};

using postern::iam::PolicyKind;

/// What was found under the ARN, before its policies are looked up.
struct Found {
  auth::Principal principal;
  /// Of a group, which is no principal: its id.
  std::string group_id;
};

template <class Items>
auto find_by_arn(Items items, const std::string& arn) {
  const auto found = std::ranges::find_if(items, [&](const auto& item) { return item.arn == arn; });
  return found == items.end() ? std::nullopt : std::optional(std::move(*found));
}

auth::Principal role_principal(const store::Role& role, const std::string& session,
                               const auth::Installation& names) {
  return auth::role_session_principal(names, role, {.role_id = role.role_id, .session_name = session});
}

Result<Found> find(store::Repositories& repos, const auth::Installation& names, const std::string& arn) {
  const auto parsed = aws::Arn::parse(arn);
  if (!parsed)
    return std::unexpected(
        kInvalidInput(fmt::format("{} is not an ARN. Give that of a user, group or role.", arn)));
  const std::string_view resource = parsed->resource;
  if (resource.starts_with("user/")) {
    if (auto user = find_by_arn(repos.users.list(), arn))
      return Found{auth::user_principal(names, *user, ""), {}};
  } else if (resource.starts_with("role/")) {
    if (auto role = find_by_arn(repos.roles.list(), arn))
      return Found{role_principal(*role, "simulation", names), {}};
  } else if (resource.starts_with("group/")) {
    if (auto group = find_by_arn(repos.groups.list(), arn)) {
      auth::Principal principal;
      principal.kind = auth::PrincipalKind::kUser;
      principal.account = names.account;
      principal.arn = group->arn;
      return Found{std::move(principal), group->group_id};
    }
  } else if (resource.starts_with("assumed-role/")) {
    const auto rest = resource.substr(resource.find('/') + 1);
    const auto slash = rest.find('/');
    const auto role =
        slash == std::string_view::npos ? std::nullopt : repos.roles.find_by_name(rest.substr(0, slash));
    if (role) return Found{role_principal(*role, std::string(rest.substr(slash + 1)), names), {}};
  } else {
    return std::unexpected(
        kInvalidInput(fmt::format("{} is not the ARN of a user, group, role or role session.", arn)));
  }
  return std::unexpected(kNoSuchEntity(fmt::format("There is nobody with the ARN {}.", arn)));
}

// A group's policies, which as such nobody has; its members have them.
auth::EffectivePolicies::Lists group_policies(store::Repositories& repos, const std::string& id) {
  auth::EffectivePolicies::Lists lists;
  const auto add = [&](const std::string& name, const std::string& document) {
    if (auto policy = auth::CompiledPolicies::compile(PolicyKind::kIdentity, name, document))
      lists.identity.push_back(std::move(policy));
  };
  for (const auto& arn : repos.attachments.attached_to(id)) {
    if (const auto* built_in = aws::find_built_in_policy(arn)) {
      add(arn, std::string(built_in->default_version().document));
    } else if (const auto policy = repos.policies.find(arn)) {
      if (const auto version = repos.policies.find_version(policy->policy_id, policy->default_version))
        add(arn, version->document);
    }
  }
  for (const auto& [name, document] : repos.attachments.inline_of(id))
    add(fmt::format("inline policy {}", name), document);
  return lists;
}

}  // namespace

awaitable<Result<SimulatedPrincipal>> find_principal(Call& call, std::string arn) {
  const auto names = call.services.installation;
  struct Answer {
    Result<Found> found;
    auth::EffectivePolicies::Lists lists;
  };
  auto answer = co_await call.services.store.read([names, arn = std::move(arn)](store::Repositories& repos) {
    Answer out{find(repos, names, arn), {}};
    if (out.found && !out.found->group_id.empty()) out.lists = group_policies(repos, out.found->group_id);
    return out;
  });
  if (!answer.found) co_return std::unexpected(std::move(answer.found.error()));
  SimulatedPrincipal out{.principal = std::move(answer.found->principal), .lists = std::move(answer.lists)};
  if (!answer.found->group_id.empty()) co_return out;
  // A session of the node's own is a node there, too.
  if (const auto policies = co_await call.services.authorizer.policies_of(out.principal)) {
    out.lists = policies->lists();
    out.tags = policies->tags();
  }
  co_return out;
}

awaitable<auth::Resource> known_resource(Call& call, std::string arn) {
  const auto parsed = aws::Arn::parse(arn);
  if (!parsed) co_return auth::Resource(std::move(arn));
  const std::string_view resource = parsed->resource;
  const auto id = std::string(resource.substr(resource.find('/') + 1));
  const auto& names = call.services.installation;
  if (arn == names.node_arn(id) || arn == names.instance_arn(id)) {
    auto node = co_await node_resource(call.services, id);
    if (node.arn != arn) std::swap(node.arn, node.aliases.front());
    co_return node;
  }
  if (arn == names.document_arn(id)) co_return co_await document_resource(call.services, id);
  if (arn == names.session_arn(id)) co_return co_await session_resource(call.services, id);
  co_return auth::Resource(std::move(arn));
}

}  // namespace postern::api::iam

#include "auth/credential_state.h"

#include <fmt/format.h>

#include "aws/unique_id.h"

namespace postern::auth {
namespace {

CredentialState ended(std::string because) {
  return {.ended_because = std::move(because), .expires = std::nullopt};
}

CredentialState long_term_key(store::Repositories& repos, const std::string& id) {
  const auto key = repos.users.find_key(id);
  if (!key) return ended(fmt::format("The access key {} was deleted.", id));
  if (key->status != store::KeyStatus::kActive)
    return ended(fmt::format("The access key {} was deactivated.", id));
  return {};
}

CredentialState temporary_credentials(store::Repositories& repos, const std::string& id, Timestamp now) {
  const auto credential = repos.temporary_credentials.find(id);
  if (!credential) return ended(fmt::format("The temporary credentials {} were revoked.", id));
  if (credential->expires <= now) return ended(fmt::format("The temporary credentials {} have expired.", id));
  // What was made with a key is worth no more than the key.
  if (credential->user_id) {
    if (auto parent = long_term_key(repos, credential->parent_key_id); !parent.ended_because.empty())
      return parent;
  }
  return {.ended_because = {}, .expires = credential->expires};
}

}  // namespace

CredentialState credential_state(store::Repositories& repos, const Principal& principal, Timestamp now) {
  switch (principal.kind) {
    case PrincipalKind::kAnonymous:
      return {};
    case PrincipalKind::kNode:
      if (!repos.nodes.find(principal.name))
        return ended(fmt::format("The managed node {} was deregistered.", principal.name));
      return {};
    case PrincipalKind::kUser:
      if (!repos.users.find(principal.user_id))
        return ended(fmt::format("The user {} was deleted.", principal.name));
      break;
    case PrincipalKind::kRoleSession:
      if (!repos.roles.find(principal.role_id))
        return ended(fmt::format("The role {} was deleted.", principal.role_name));
      break;
  }
  if (principal.access_key_id.starts_with(aws::kTemporaryKeyPrefix))
    return temporary_credentials(repos, principal.access_key_id, now);
  return long_term_key(repos, principal.access_key_id);
}

Principal node_principal(const Installation& installation, const store::Node& node) {
  Principal principal{.kind = PrincipalKind::kNode,
                      .account = installation.account,
                      .arn = installation.node_role_arn(node.iam_role, node.node_id),
                      .user_id = "AROA:" + node.node_id,
                      .name = node.node_id};
  return principal;
}

}  // namespace postern::auth

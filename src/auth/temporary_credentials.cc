#include "auth/temporary_credentials.h"

#include "auth/token.h"
#include "aws/unique_id.h"
#include "base/random.h"

namespace postern::auth {
namespace {

void add_session(const store::TemporaryCredential& credential, Principal& principal) {
  principal.access_key_id = credential.access_key_id;
  principal.token_issued = credential.issued;
  principal.mfa_time = credential.mfa_time;
  principal.session_tags = credential.session_tags;
  principal.transitive_tag_keys = credential.transitive_tag_keys;
  principal.session_policies = credential.session_policies;
  principal.session_policy_arns = credential.session_policy_arns;
  principal.source_identity = credential.source_identity;
  principal.federated_provider = credential.federated_provider;
}

}  // namespace

IssuedCredentials issue_temporary_credentials(store::TemporaryCredential record, Timestamp now,
                                              std::chrono::seconds lifetime) {
  auto token = Token::make();
  record.access_key_id = aws::make_access_key_id(aws::kTemporaryKeyPrefix);
  record.secret = Secret(random_text(40, kAlphanumeric));
  record.session_token_hash = std::move(token.hash);
  record.issued = now;
  record.expires = now + lifetime;
  return {std::move(record), Secret(std::move(token.value))};
}

Principal user_principal(const Installation& installation, const store::User& user,
                         const std::string& key_id) {
  return {.kind = PrincipalKind::kUser,
          .account = installation.account,
          .arn = user.arn,
          .user_id = user.user_id,
          .name = user.name,
          .access_key_id = key_id};
}

Principal user_session_principal(const Installation& installation, const store::User& user,
                                 const store::TemporaryCredential& credential) {
  auto principal = user_principal(installation, user, credential.access_key_id);
  add_session(credential, principal);
  return principal;
}

Principal role_session_principal(const Installation& installation, const store::Role& role,
                                 const store::TemporaryCredential& credential) {
  Principal principal{.kind = PrincipalKind::kRoleSession,
                      .account = installation.account,
                      .arn = installation.node_role_arn(role.name, credential.session_name),
                      .user_id = role.role_id + ':' + credential.session_name,
                      .name = credential.session_name,
                      .role_arn = role.arn,
                      .role_id = role.role_id,
                      .role_name = role.name};
  add_session(credential, principal);
  return principal;
}

}  // namespace postern::auth

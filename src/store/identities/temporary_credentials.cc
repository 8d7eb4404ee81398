#include <algorithm>
#include <array>
#include <utility>

#include "base/json_codec.h"
#include "store/error.h"
#include "store/identities/rows.h"
#include "store/identity_repositories.h"
#include "store/sealer.h"

namespace postern::store {
namespace {

using Kind = TemporaryCredential::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 3> kKinds = {{
    {Kind::kSessionToken, "session-token"},
    {Kind::kAssumedRole, "assumed-role"},
    {Kind::kWebIdentity, "web-identity"},
}};

std::string_view text_of(Kind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<Kind, std::string_view>::first)->second;
}

Kind kind_of(std::string_view text) {
  const auto* found = std::ranges::find(kKinds, text, &std::pair<Kind, std::string_view>::second);
  if (found == kKinds.end()) throw StoreError("temporary credentials of an unknown kind");
  return found->first;
}

std::string secret_context(std::string_view access_key_id) {
  return "temporary_credentials.secret:" + std::string(access_key_id);
}

template <class T>
T from_json(const std::string& text) {
  auto value = parse_json(text);
  T into{};
  if (!value || detail::decode_into(*value, into, ""))
    throw StoreError("a column is not the JSON that it was");
  return into;
}

}  // namespace

void TemporaryCredentialRepository::add(const TemporaryCredential& credential) {
  execute(
      sql_,
      "INSERT INTO temporary_credentials (access_key_id, kind, sealed_secret, session_token_hash, user_id,"
      " role_id, session_name, parent_key_id, session_policies, session_policy_arns, session_tags,"
      " transitive_tag_keys, source_identity, federated_provider, mfa_time, issued, expires)"
      " VALUES (:access_key_id, :kind, :sealed_secret, :session_token_hash, :user_id, :role_id, "
      ":session_name,"
      " :parent_key_id, :session_policies, :session_policy_arns, :session_tags, :transitive_tag_keys,"
      " :source_identity, :federated_provider, :mfa_time, :issued, :expires)",
      {credential.access_key_id, text_of(credential.kind),
       sealer_.seal(credential.secret, secret_context(credential.access_key_id)),
       credential.session_token_hash, credential.user_id, credential.role_id, credential.session_name,
       credential.parent_key_id, encode_json_text(credential.session_policies),
       encode_json_text(credential.session_policy_arns), encode_json_text(credential.session_tags),
       encode_json_text(credential.transitive_tag_keys), credential.source_identity,
       credential.federated_provider, credential.mfa_time, credential.issued, credential.expires});
}

std::optional<TemporaryCredential> TemporaryCredentialRepository::find(std::string_view access_key_id) {
  auto rows =
      select(sql_,
             "SELECT kind, sealed_secret, session_token_hash, user_id, role_id, session_name,"
             " parent_key_id, session_policies, session_policy_arns, session_tags, transitive_tag_keys,"
             " source_identity, federated_provider, mfa_time, issued, expires"
             " FROM temporary_credentials WHERE access_key_id = :access_key_id",
             {access_key_id});
  return first(std::move(rows), [&](Row& row) {
    return TemporaryCredential{.kind = kind_of(row.text()),
                               .access_key_id = std::string(access_key_id),
                               .secret = sealer_.unseal(row.text(), secret_context(access_key_id)),
                               .session_token_hash = row.text(),
                               .user_id = row.optional_text(),
                               .role_id = row.optional_text(),
                               .session_name = row.text(),
                               .parent_key_id = row.text(),
                               .session_policies = from_json<std::vector<std::string>>(row.text()),
                               .session_policy_arns = from_json<std::vector<std::string>>(row.text()),
                               .session_tags = from_json<Tags>(row.text()),
                               .transitive_tag_keys = from_json<std::vector<std::string>>(row.text()),
                               .source_identity = row.text(),
                               .federated_provider = row.text(),
                               .mfa_time = row.optional_time(),
                               .issued = row.time(),
                               .expires = row.time()};
  });
}

bool TemporaryCredentialRepository::remove(std::string_view access_key_id) {
  return execute(sql_, "DELETE FROM temporary_credentials WHERE access_key_id = :access_key_id",
                 {access_key_id}) == 1;
}

std::size_t TemporaryCredentialRepository::remove_expired(Timestamp now) {
  return execute(sql_, "DELETE FROM temporary_credentials WHERE expires <= :now", {now});
}

}  // namespace postern::store

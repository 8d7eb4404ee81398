#pragma once

#include <optional>
#include <string>

#include "auth/installation.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/secret.h"
#include "store/identity_records.h"

/// Temporary credentials of users and of roles' sessions: stored, so that they can be revoked at once.
namespace postern::auth {

/// Expired ones are kept for this long, so that their bearer is told that they have expired.
inline constexpr std::chrono::hours kExpiredKept{24};

struct IssuedCredentials {
  /// To be stored; it has only the token's hash.
  store::TemporaryCredential record;
  /// Shown once.
  Secret session_token;
};

/// Completes `record`, which says whose they are and what limits them, with key id, secret, token and times.
IssuedCredentials issue_temporary_credentials(store::TemporaryCredential record, Timestamp now,
                                              std::chrono::seconds lifetime);

/// Who signs with the credentials. `key_id` is theirs.
Principal user_principal(const Installation& installation, const store::User& user,
                         const std::string& key_id);
/// As above with the session's token; the user is the credential's.
Principal user_session_principal(const Installation& installation, const store::User& user,
                                 const store::TemporaryCredential& credential);
/// The role is the credential's.
Principal role_session_principal(const Installation& installation, const store::Role& role,
                                 const store::TemporaryCredential& credential);

}  // namespace postern::auth

#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <optional>
#include <string>

#include "auth/failure_limiter.h"
#include "auth/installation.h"
#include "auth/key_uses.h"
#include "auth/principal.h"
#include "aws/error.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "store/store.h"

namespace postern::auth {

/// Failed signatures with one key from one address (or with keys that there are not, from one address), after
/// which the answer is ThrottlingException instead of what was wrong. A right signature is let in all the
/// same: secrets of 240 bits can't be guessed, so refusing it would only help whoever wants to lock its owner
/// out.
inline constexpr FailureLimiter::Limit kSignatureFailures{.burst = 50, .refill = std::chrono::seconds(2)};

/// Who signed a request: SigV4 with the access key or session token of a user, the temporary credentials of a
/// role's session or of a node, or the same layout signed with a node's registered RSA key
/// (control-plane.md 2.3). Every request is looked up, so what has been deleted or made inactive is worth
/// nothing at once. Thread-safe.
class Authenticator {
 public:
  /// All must outlive the authenticator.
  Authenticator(store::Store& store, const Clock& clock, const Installation& installation)
      : store_(store),
        clock_(clock),
        installation_(installation),
        failures_(clock, kSignatureFailures),
        uses_(store) {}

  /// The views in `request` must stay valid until the awaited call returns. `service` is the SigV4 service
  /// name that the request must be scoped to, `address` the caller's. Errors carry AWS's names; none tells
  /// whether a key exists beyond what AWS's do.
  boost::asio::awaitable<std::expected<Principal, aws::ApiError>> authenticate(
      const aws::SignableRequest& request, std::string service, std::string address);

  /// Queues what was noted of keys' last uses for writing; to be called every few seconds.
  void flush_uses() { uses_.flush(); }

 private:
  struct Key;
  using FoundKey = std::expected<Key, aws::ApiError>;
  boost::asio::awaitable<FoundKey> find_key(const aws::Authorization& authorization);
  boost::asio::awaitable<FoundKey> find_user_key(const aws::Authorization& authorization);
  boost::asio::awaitable<FoundKey> find_temporary_key(const aws::Authorization& authorization);
  boost::asio::awaitable<FoundKey> find_node_key(const aws::Authorization& authorization);
  /// Nothing when the role or user, or the key behind a user's token, is gone or inactive.
  std::optional<Principal> session_principal(store::Repositories& repos,
                                             const store::TemporaryCredential& credential) const;
  /// The key's bearer, unless the signature is another's.
  std::expected<Principal, aws::ApiError> verify(const aws::SignableRequest& request,
                                                 const aws::Authorization& authorization, Key key) const;
  /// Counts a failure of the caller's proof, and answers what he is told.
  aws::ApiError refuse(aws::ApiError error, std::string_view key_id, const std::string& address);
  void note_use(const Principal& principal, const aws::Scope& scope);
  std::expected<void, aws::ApiError> check_scope(const aws::Authorization& authorization,
                                                 const std::string& service) const;
  Principal node_principal(const store::Node& node, const std::string& access_key_id) const;

  store::Store& store_;
  const Clock& clock_;
  const Installation& installation_;
  FailureLimiter failures_;
  KeyUses uses_;
};

/// Issues temporary credentials of a node's role, valid for `kNodeCredentialLifetime`.
inline constexpr std::chrono::hours kNodeCredentialLifetime{1};

struct IssuedCredential {
  store::NodeCredential record;
  /// Shown once; the record keeps its hash.
  Secret session_token;
};
IssuedCredential issue_node_credential(const std::string& node_id, Timestamp now);

/// A new access key of a user, active.
store::AccessKey make_access_key(const std::string& user_id, Timestamp now);

/// The first administrator: user `admin` with one access key. AdministratorAccess is attached by whoever
/// stores it.
struct FirstAdministrator {
  store::User user;
  store::AccessKey key;
};
FirstAdministrator make_first_administrator(const Installation& installation, Timestamp now);

}  // namespace postern::auth

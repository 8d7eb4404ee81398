#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "auth/installation.h"
#include "auth/principal.h"
#include "aws/error.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "store/store.h"

namespace postern::auth {

/// Who signed a request: SigV4 with a user's access key or a node's temporary credentials, or the same layout
/// signed with a node's registered RSA key (control-plane.md 2.3). Thread-safe.
class Authenticator {
 public:
  /// All must outlive the authenticator.
  Authenticator(store::Store& store, const Clock& clock, const Installation& installation)
      : store_(store), clock_(clock), installation_(installation) {}

  /// The views in `request` must stay valid until the awaited call returns. `service` is the SigV4 service
  /// name that the request must be scoped to. Errors carry AWS's names; none tells whether a key exists
  /// beyond what AWS's do.
  boost::asio::awaitable<std::expected<Principal, aws::ApiError>> authenticate(
      const aws::SignableRequest& request, std::string service);

 private:
  struct Key;
  boost::asio::awaitable<std::expected<Key, aws::ApiError>> find_key(const aws::Authorization& authorization);
  std::expected<void, aws::ApiError> check_scope(const aws::Authorization& authorization,
                                                 const std::string& service) const;
  Principal node_principal(const store::Node& node, const std::string& access_key_id) const;

  store::Store& store_;
  const Clock& clock_;
  const Installation& installation_;
};

/// Issues temporary credentials of a node's role, valid for `kNodeCredentialLifetime`.
inline constexpr std::chrono::hours kNodeCredentialLifetime{1};

struct IssuedCredential {
  store::NodeCredential record;
  /// Shown once; the record keeps its hash.
  Secret session_token;
};
IssuedCredential issue_node_credential(const std::string& node_id, Timestamp now);

/// The first administrator: user `admin` with one access key. AdministratorAccess is attached by whoever
/// stores it.
struct FirstAdministrator {
  store::User user;
  store::AccessKey key;
};
FirstAdministrator make_first_administrator(const Installation& installation, Timestamp now);

}  // namespace postern::auth

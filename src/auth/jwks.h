#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"

struct evp_pkey_st;

/// The public keys of an OpenID Connect provider: what its discovery document and its key set say. Pure,
/// fuzzed.
namespace postern::auth {

/// OpenID Connect Discovery 1.0 section 4.2, the part that verifying tokens needs.
struct Discovery {
  std::string issuer;
  std::string jwks_uri;
};

/// Where a provider's discovery document is: section 4, `URL/.well-known/openid-configuration`.
std::string discovery_url(std::string_view provider_url);

/// Reads a discovery document. Its issuer must be `provider_url` exactly (section 4.3): else anyone could
/// vouch for another's tokens. The key set must be at an https address.
std::expected<Discovery, std::string> parse_discovery(std::string_view text, std::string_view provider_url);

/// A key set (RFC 7517). Immutable; copies share the keys; thread-safe.
class KeySet {
 public:
  static constexpr std::size_t kMaxKeys = 100;

  /// Keys that are not for signatures, or of a kind that we don't take, are passed over. Error: not a key
  /// set.
  static std::expected<KeySet, std::string> parse(std::string_view text);

  /// Whether there is a key that the token may have been signed with: the one it names, or any that fits its
  /// algorithm if it names none.
  bool has_key_for(const Jwt& token) const;
  /// Whether one of them signed it.
  bool verifies(const Jwt& token) const;
  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    /// `RSA` or the curve (`P-256`).
    std::string kind;
    /// The one algorithm that the key is for; nothing when it doesn't say.
    std::optional<JwsAlgorithm> algorithm;
    std::shared_ptr<evp_pkey_st> key;
  };
  static bool fits(const Key& key, const Jwt& token);

  std::vector<Key> keys_;
};

}  // namespace postern::auth

#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "aws/error.h"
#include "base/clock.h"

/// What an OpenID Connect token says about its bearer, once its signature has been verified (OpenID Connect
/// Core 1.0 section 3.1.3.7). Pure.
namespace postern::auth {

/// How far a provider's clock may be ahead of ours.
inline constexpr std::chrono::seconds kIssuerClockLeeway{60};

struct WebIdentity {
  /// The provider's URL without `https://`, as condition keys begin with it (`URL:sub`).
  std::string provider;
  std::string subject;
  /// The client that the token is for: `azp` where there is one, else `aud` (IAM User Guide, "Available keys
  /// for AWS OIDC federation").
  std::string audience;
  /// `aud`, all of it.
  std::vector<std::string> audiences;
  Timestamp expires;
  /// Claims that are texts, numbers, truth values or lists of texts: what conditions can ask for as
  /// `URL:CLAIM`. Those above are not among them, and of names that differ in case only the first is.
  std::map<std::string, std::vector<std::string>> claims;
  /// Session tags and their transitive keys, from the claim https://aws.amazon.com/tags, nested or flattened
  /// (IAM User Guide, "Passing session tags using AssumeRoleWithWebIdentity").
  std::map<std::string, std::string> tags;
  std::vector<std::string> transitive_tag_keys;
  /// From https://aws.amazon.com/source_identity; empty where there is none.
  std::string source_identity;
};

/// Checks iss, aud and azp, exp, nbf, iat and sub, and reads the rest. `provider_url` has its `https://`; the
/// audience must be one of `client_ids`. Errors: InvalidIdentityToken and ExpiredTokenException, saying which
/// claim is wrong.
std::expected<WebIdentity, aws::ApiError> read_web_identity(const Jwt& token, std::string_view provider_url,
                                                            const std::vector<std::string>& client_ids,
                                                            Timestamp now);

}  // namespace postern::auth

#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// Signed JSON web tokens (RFC 7519 in the compact form of RFC 7515) as bytes: nothing of one is believed
/// before its signature has been verified (jwks.h). Pure, fuzzed.
namespace postern::auth {

/// AWS takes no longer ones either (AssumeRoleWithWebIdentity, "WebIdentityToken").
inline constexpr std::size_t kMaxTokenBytes = 20'000;

/// The signatures that are taken (RFC 7518 section 3.1): public keys only. `none` and HMAC, with which a
/// token could be made by whoever knows the public key, are not among them.
enum class JwsAlgorithm { kRs256, kRs384, kRs512, kEs256, kEs384, kEs512 };
std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name);

struct Jwt {
  JwsAlgorithm algorithm = JwsAlgorithm::kRs256;
  /// Which of the signer's keys; empty where the token doesn't say.
  std::string key_id;
  boost::json::object claims;
  /// What is signed: the first two parts as they came.
  std::string signed_text;
  Bytes signature;
};

/// Takes a token apart, or says what is wrong with it, for the caller to read: not three parts, bad base64url
/// or JSON, an algorithm that is not taken, a critical header that is not understood.
std::expected<Jwt, std::string> parse_jwt(std::string_view token);

/// The `iss` of a token that nobody has verified yet, to find the provider that it says to come from.
std::optional<std::string> unverified_issuer(const Jwt& token);

}  // namespace postern::auth

#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/error.h"
#include "base/clock.h"
#include "base/secret.h"

/// AWS Signature Version 4, both sides. Pure functions over a request in memory.
namespace postern::aws {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// What is signed. All views must stay valid during the call. `target` is the raw request target.
struct SignableRequest {
  std::string_view method;
  std::string_view target;
  std::span<const std::pair<std::string, std::string>> headers;
  std::string_view body;
};

struct Credentials {
  std::string access_key_id;
  Secret secret;
  std::optional<Secret> session_token;
};

struct Scope {
  /// `20241022`
  std::string date;
  std::string region;
  std::string service;
  std::string to_string() const;
  bool operator==(const Scope&) const = default;
};

enum class SignatureForm { kHeader, kQuery };

/// An Authorization header or the X-Amz-* query members, taken apart but not yet believed.
struct Authorization {
  SignatureForm form = SignatureForm::kHeader;
  /// An access key id; for a node's role-token request the managed node's id.
  std::string access_key_id;
  Scope scope;
  /// Lower case, as listed.
  std::vector<std::string> signed_headers;
  /// 64 hexadecimal digits, or base64 for RSA-PSS (control-plane.md 2.3).
  std::string signature;
  Timestamp date;
  std::optional<std::string> session_token;
  /// Query form only: X-Amz-Expires.
  std::chrono::seconds expires{0};
};

/// Allowed difference between the request's date and ours, either way.
inline constexpr std::chrono::minutes kMaxSkew{15};

/// Finds and parses the request's authorization. Errors: MissingAuthenticationToken, IncompleteSignature.
std::expected<Authorization, ApiError> parse_authorization(const SignableRequest& request);

/// Date against scope, skew or expiry. Errors: InvalidSignatureException with AWS's wording ("Signature
/// expired: ..." / "Signature not yet current: ...").
std::expected<void, ApiError> check_time(const Authorization& authorization, Timestamp now);

/// The canonical request. Errors: a signed header that is absent; host unsigned; an x-amz-* header present
/// but unsigned is accepted, as AWS does.
std::expected<std::string, ApiError> canonical_request(const SignableRequest& request,
                                                       const Authorization& authorization);
std::expected<std::string, ApiError> string_to_sign(const SignableRequest& request,
                                                    const Authorization& authorization);

/// Whether the signature was made with `secret`, in constant time. Error: InvalidSignatureException with
/// AWS's wording.
std::expected<void, ApiError> verify_signature(const SignableRequest& request,
                                               const Authorization& authorization, const Secret& secret);

/// The headers to add to `request` (which has Host already): X-Amz-Date, X-Amz-Security-Token where there is
/// one, and Authorization. Signs every header of the request.
HeaderList sign_request(const SignableRequest& request, const Credentials& credentials,
                        std::string_view region, std::string_view service, Timestamp now);

/// As sign_request, but the signature is made by `sign` over the string to sign: for RSA-PSS node keys.
HeaderList sign_request_with(const SignableRequest& request, std::string_view key_id, std::string_view region,
                             std::string_view service, Timestamp now,
                             const std::function<std::string(std::string_view string_to_sign)>& sign);

}  // namespace postern::aws

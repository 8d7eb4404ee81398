#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iam/policy.h"

namespace postern::iam {

enum class PrincipalType : std::uint8_t {
  /// No credentials.
  kAnonymous,
  /// The account's root user: needs no identity-based policy.
  kRoot,
  kUser,
  /// A session of a role.
  kRoleSession,
  /// Signed in at an identity provider, on the way to AssumeRoleWithWebIdentity or -SAML.
  kFederated,
  kService,
};

/// Who is asking. The views must outlive the request.
struct Principal {
  PrincipalType type = PrincipalType::kAnonymous;
  /// The user's, root's or role session's ARN (`aws:PrincipalArn` of a session is its role's instead).
  std::string_view arn;
  /// Of a role session: the role's ARN.
  std::string_view role_arn;
  std::string_view account;
  /// `AIDA...` or `AROA...`: what a policy that named a principal before it was deleted and made again
  /// doesn't match.
  std::string_view unique_id;
  /// Of kFederated: the provider's name or ARN. Of kService: `ssm.amazonaws.com`.
  std::string_view name;
};

/// By what a Principal element means somebody, weakest first; how far an Allow then reaches follows from it
/// (evaluate.h).
enum class PrincipalMatch : std::uint8_t {
  kNone,
  /// The account is named, which then decides by its own policies.
  kAccount,
  /// The role is named and not this session of it, or everyone is and it is a role's session.
  kRole,
  /// The principal itself, or everyone.
  kDirect,
};

/// A Principal or NotPrincipal element, ready to be matched. ARNs are compared byte by byte.
///
/// NotPrincipal means everyone but those named. A user is excepted by his ARN together with his account's; a
/// role session by its own, its role's and its account's, since AWS may look at each of them (IAM User Guide,
/// "NotPrincipal").
class PrincipalMatcher {
 public:
  explicit PrincipalMatcher(const PrincipalElement& element);

  PrincipalMatch match(const Principal& principal) const;

 private:
  struct Name {
    PrincipalClass principal;
    std::string value;
    bool everyone;
    // The account that an account id or its root's ARN stands for.
    std::string account;
  };

  PrincipalMatch match(const Name& name, const Principal& principal) const;
  PrincipalMatch match_named(const Principal& principal) const;
  bool excepts(const Principal& principal) const;

  Sense sense_;
  bool everyone_;
  std::vector<Name> names_;
};

}  // namespace postern::iam

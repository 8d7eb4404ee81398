#pragma once

#include <string>
#include <vector>

#include "auth/principal.h"
#include "aws/error.h"

namespace postern::auth {

/// What an operation asks permission for: one IAM action on each of the resources.
struct Access {
  /// `ssm:StartSession`
  std::string action;
  /// ARNs, or `*` where the action has no resource (control-plane.md 7.2).
  std::vector<std::string> resources = {"*"};
};

/// The outcome and what decided it; the reason goes to the log and, for a denial, into the message.
struct Decision {
  bool allowed = false;
  std::string reason;
};

/// May this principal do this? Until the policy engine is there two rules decide: an administrator may do
/// everything, and a node what concerns itself. Everything else is denied. Pure; thread-safe.
class Authorizer {
 public:
  Decision decide(const Principal& principal, const Access& access) const;
};

/// AWS's denial text: who, which action, which resource, and why.
aws::ApiError denial(const Principal& principal, const Access& access);

}  // namespace postern::auth

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "iam/compiled_policy.h"
#include "iam/context.h"
#include "iam/principal.h"

namespace postern::iam {

/// Policies that belong together; whoever owns them keeps them alive during an evaluation, and while a
/// Decision that names one is read.
using PolicyList = std::span<const CompiledPolicy* const>;

/// Must a resource's own policy allow, or is it one of two ways in? A role's trust policy must (and a key's).
enum class ResourcePolicyRule : std::uint8_t { kEither, kRequired };

/// One of the things that an action is about.
struct Resource {
  /// An ARN, or `*` where the action has no resource.
  std::string_view arn = "*";
  /// Other ARNs of the same thing. A Resource element that names one of them names it, and NotResource must
  /// name none.
  std::span<const std::string_view> aliases = {};
  /// Who owns it; empty when that is the principal's own account.
  std::string_view account;
  /// What is known about this resource only, its tags above all; goes before the request's context.
  const Context* context = nullptr;
  /// Its resource-based or trust policy, if it has one.
  const CompiledPolicy* policy = nullptr;
  ResourcePolicyRule rule = ResourcePolicyRule::kEither;
};

struct Request {
  Principal principal;
  /// `ssm:StartSession`; case makes no difference.
  std::string_view action;
  /// All of them must be allowed. None is the same as one Resource{}.
  std::span<const Resource> resources;
  const Context* context = nullptr;
};

/// What applies to the principal.
struct PolicySets {
  /// One list per level, from the organization's root to the account: each must allow. None for those that
  /// service control policies don't reach: the management account, service-linked roles, service principals.
  std::span<const PolicyList> service_control;
  PolicyList identity;
  /// Null when there is none.
  const CompiledPolicy* boundary = nullptr;
  /// The session's inline and managed session policies together; none means no session policy.
  PolicyList session;
};

enum class Outcome : std::uint8_t { kAllowed, kImplicitDeny, kExplicitDeny };

/// In the order in which they are looked at.
enum class PolicySet : std::uint8_t { kServiceControl, kResource, kIdentity, kBoundary, kSession };
std::string_view to_string(PolicySet set);

/// What was decided, and by what. Points into the policies that it was made from.
struct Decision {
  Outcome outcome = Outcome::kImplicitDeny;
  /// Whose statement decided; of an implicit denial, the first set that had no Allow.
  PolicySet set = PolicySet::kIdentity;
  /// Null for implicit denials, and for the root user's own permissions.
  const CompiledPolicy* policy = nullptr;
  const CompiledStatement* statement = nullptr;
  /// Index of the resource that decided.
  std::size_t resource = 0;
  /// Of an implicit denial: a bit, 1 << set, for each set that had no Allow and needed one.
  std::uint8_t missing = 0;
  /// Of an implicit denial by service control policies: the first level without an Allow.
  std::size_t level = 0;

  bool allowed() const { return outcome == Outcome::kAllowed; }
  bool is_missing(PolicySet which) const { return (missing >> static_cast<unsigned>(which) & 1U) != 0; }
};

/// AWS's evaluation (IAM User Guide, "Policy evaluation logic"), for each resource:
///
/// 1. A Deny that matches, in any set, denies.
/// 2. Each level of service control policies must allow.
/// 3. In one account, an Allow of the resource's policy that names the principal itself (a user, a role
/// session, or everyone)
///    is enough; one that names the role is limited by boundary and session policies; one that names only the
///    account leaves the rest to identity-based policies. Across accounts both sides must allow. Anonymous,
///    federated and service principals have no other policies than the resource's.
/// 4. Otherwise identity-based policies must allow, and the permissions boundary and the session policies too
/// where there are any.
///
/// Of several resources, an explicit denial decides before an implicit one, and that before an Allow. Pure;
/// thread-safe; allocates only for long actions and for variables that resolve to long texts.
Decision evaluate(const Request& request, const PolicySets& sets);

/// The end of AWS's message: `because no identity-based policy allows the ssm:StartSession action`, or `with
/// an explicit deny in a service control policy`. Empty for an Allow.
std::string denial_reason(const Decision& decision, const Request& request);

}  // namespace postern::iam

#include "iam/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

namespace postern::iam {
namespace {

/// The first statements of a set that match.
struct Scan {
  const CompiledPolicy* allow_policy = nullptr;
  const CompiledStatement* allow = nullptr;
  PrincipalMatch grant = PrincipalMatch::kNone;
  const CompiledPolicy* deny_policy = nullptr;
  const CompiledStatement* deny = nullptr;
};

void scan_policy(const CompiledPolicy& policy, const Query& query, Scan& scan) {
  for (const auto& statement : policy.statements()) {
    const bool allow = statement.effect() == Effect::kAllow;
    // Once there is the strongest Allow only a Deny can change anything.
    if (allow && scan.grant == PrincipalMatch::kDirect) continue;
    const auto match = statement.matches(query);
    if (match == PrincipalMatch::kNone) continue;
    if (!allow) {
      scan.deny_policy = &policy;
      scan.deny = &statement;
      return;
    }
    if (match > scan.grant) {
      scan.allow_policy = &policy;
      scan.allow = &statement;
      scan.grant = match;
    }
  }
}

Scan scan_list(PolicyList policies, const Query& query) {
  Scan scan;
  for (const auto* policy : policies) {
    scan_policy(*policy, query, scan);
    if (scan.deny != nullptr) break;
  }
  return scan;
}

bool has_identity_policies(PrincipalType type) {
  return type == PrincipalType::kUser || type == PrincipalType::kRoleSession || type == PrincipalType::kRoot;
}

class ResourceEvaluation {
 public:
  ResourceEvaluation(const PolicySets& sets, const Resource& resource, const Query& query)
      : sets_(sets), resource_(resource), query_(query) {}

  Decision run() {
    if (scan_all()) return decision_;
    require();
    if (decision_.missing == 0) return allow();
    decision_.outcome = Outcome::kImplicitDeny;
    decision_.set = static_cast<PolicySet>(std::countr_zero(decision_.missing));
    return decision_;
  }

 private:
  Scan& of(PolicySet set) { return scans_[static_cast<std::size_t>(set)]; }

  // Says whether there is an explicit denial.
  bool scan_all() {
    for (std::size_t level = 0; level < sets_.service_control.size(); ++level) {
      const auto scan = scan_list(sets_.service_control[level], query_);
      if (denies(PolicySet::kServiceControl, scan)) return true;
      if (scan.allow == nullptr && !decision_.is_missing(PolicySet::kServiceControl)) {
        decision_.level = level;
        miss(PolicySet::kServiceControl);
      }
    }
    if (resource_.policy != nullptr) scan_policy(*resource_.policy, query_, of(PolicySet::kResource));
    if (denies(PolicySet::kResource, of(PolicySet::kResource))) return true;
    of(PolicySet::kIdentity) = scan_list(sets_.identity, query_);
    if (denies(PolicySet::kIdentity, of(PolicySet::kIdentity))) return true;
    if (sets_.boundary != nullptr) scan_policy(*sets_.boundary, query_, of(PolicySet::kBoundary));
    if (denies(PolicySet::kBoundary, of(PolicySet::kBoundary))) return true;
    of(PolicySet::kSession) = scan_list(sets_.session, query_);
    return denies(PolicySet::kSession, of(PolicySet::kSession));
  }

  bool denies(PolicySet set, const Scan& scan) {
    if (scan.deny == nullptr) return false;
    decision_ = {
        .outcome = Outcome::kExplicitDeny, .set = set, .policy = scan.deny_policy, .statement = scan.deny};
    return true;
  }

  void miss(PolicySet set) {
    decision_.missing |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(set));
  }
  void require(PolicySet set) {
    if (of(set).allow == nullptr) miss(set);
  }

  // Which sets must allow, and do they?
  void require() {
    const auto& principal = query_.principal;
    const auto grant = of(PolicySet::kResource).grant;
    if (!has_identity_policies(principal.type)) {
      require(PolicySet::kResource);
      return;
    }
    const bool own = resource_.account.empty() || resource_.account == principal.account;
    if (!own || resource_.rule == ResourcePolicyRule::kRequired) require(PolicySet::kResource);
    if (own && grant == PrincipalMatch::kDirect) return;
    const bool by_role = own && grant == PrincipalMatch::kRole;
    if (!by_role && principal.type != PrincipalType::kRoot) require(PolicySet::kIdentity);
    if (sets_.boundary != nullptr) require(PolicySet::kBoundary);
    if (!sets_.session.empty()) require(PolicySet::kSession);
  }

  Decision allow() {
    const bool by_resource =
        of(PolicySet::kIdentity).allow == nullptr && of(PolicySet::kResource).allow != nullptr;
    decision_.outcome = Outcome::kAllowed;
    decision_.set = by_resource ? PolicySet::kResource : PolicySet::kIdentity;
    decision_.policy = of(decision_.set).allow_policy;
    decision_.statement = of(decision_.set).allow;
    return decision_;
  }

  const PolicySets& sets_;
  const Resource& resource_;
  const Query& query_;
  std::array<Scan, 5> scans_;
  Decision decision_;
};

std::string_view set_name(const Decision& decision, const Request& request) {
  const bool trust = decision.policy != nullptr
                         ? decision.policy->kind() == PolicyKind::kTrust
                         : decision.resource < request.resources.size() &&
                               request.resources[decision.resource].rule == ResourcePolicyRule::kRequired;
  if (decision.set == PolicySet::kResource && trust) return "role trust policy";
  return to_string(decision.set);
}

}  // namespace

std::string_view to_string(PolicySet set) {
  switch (set) {
    case PolicySet::kServiceControl:
      return "service control policy";
    case PolicySet::kResource:
      return "resource-based policy";
    case PolicySet::kIdentity:
      return "identity-based policy";
    case PolicySet::kBoundary:
      return "permissions boundary";
    case PolicySet::kSession:
      return "session policy";
  }
  return {};
}

Decision evaluate(const Request& request, const PolicySets& sets) {
  const ActionName action(request.action);
  Scratch scratch;
  const Resource anything;
  const auto resources = request.resources.empty() ? std::span(&anything, 1) : request.resources;
  Decision worst;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const Query query{request.principal, action,
                      resources[i].arn,  {resources[i].context, request.context},
                      scratch,           resources[i].aliases};
    auto decision = ResourceEvaluation(sets, resources[i], query).run();
    decision.resource = i;
    if (i == 0 || decision.outcome > worst.outcome) worst = decision;
    if (worst.outcome == Outcome::kExplicitDeny) break;
  }
  return worst;
}

std::string denial_reason(const Decision& decision, const Request& request) {
  const auto name = set_name(decision, request);
  switch (decision.outcome) {
    case Outcome::kAllowed:
      return {};
    case Outcome::kImplicitDeny:
      return fmt::format("because no {} allows the {} action", name, request.action);
    case Outcome::kExplicitDeny:
      break;
  }
  return fmt::format("with an explicit deny in {} {}", name.starts_with('i') ? "an" : "a", name);
}

}  // namespace postern::iam

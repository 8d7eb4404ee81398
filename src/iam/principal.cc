#include "iam/principal.h"

#include <algorithm>

#include "aws/arn.h"

namespace postern::iam {
namespace {

std::string account_of(std::string_view name) {
  if (name.size() == 12 && name.find_first_not_of("0123456789") == std::string_view::npos)
    return std::string(name);
  const auto arn = aws::Arn::parse(name);
  return arn && arn->service == "iam" && arn->resource == "root" ? arn->account : std::string();
}

bool has_account(PrincipalType type) {
  return type == PrincipalType::kRoot || type == PrincipalType::kUser || type == PrincipalType::kRoleSession;
}

// "*" does not name a session of a role, so that boundary and session policy still limit it.
PrincipalMatch match_everyone(PrincipalType type) {
  return type == PrincipalType::kRoleSession ? PrincipalMatch::kRole : PrincipalMatch::kDirect;
}

}  // namespace

PrincipalMatcher::PrincipalMatcher(const PrincipalElement& element)
    : sense_(element.sense), everyone_(element.everyone) {
  for (const auto& [principal, value] : element.names) {
    const bool aws = principal == PrincipalClass::kAws;
    names_.push_back(
        {principal, value.text, value.text == "*", aws ? account_of(value.text) : std::string()});
  }
}

PrincipalMatch PrincipalMatcher::match(const Principal& principal) const {
  if (sense_ == Sense::kListed) return match_named(principal);
  return excepts(principal) ? PrincipalMatch::kNone : PrincipalMatch::kDirect;
}

PrincipalMatch PrincipalMatcher::match_named(const Principal& principal) const {
  if (everyone_) return match_everyone(principal.type);
  auto best = PrincipalMatch::kNone;
  for (const auto& name : names_) best = std::max(best, match(name, principal));
  return best;
}

PrincipalMatch PrincipalMatcher::match(const Name& name, const Principal& principal) const {
  switch (name.principal) {
    case PrincipalClass::kService:
      return principal.type == PrincipalType::kService && (name.everyone || name.value == principal.name)
                 ? PrincipalMatch::kDirect
                 : PrincipalMatch::kNone;
    case PrincipalClass::kFederated:
      return principal.type == PrincipalType::kFederated && (name.everyone || name.value == principal.name)
                 ? PrincipalMatch::kDirect
                 : PrincipalMatch::kNone;
    case PrincipalClass::kCanonicalUser:
      return PrincipalMatch::kNone;
    case PrincipalClass::kAws:
      break;
  }
  // "AWS": "*" is the same as "*": anonymous callers too.
  if (name.everyone) return match_everyone(principal.type);
  if (!has_account(principal.type)) return PrincipalMatch::kNone;
  if (name.value == principal.arn) return PrincipalMatch::kDirect;
  if (principal.type == PrincipalType::kRoleSession) {
    if (name.value == principal.role_arn || name.value == principal.unique_id) return PrincipalMatch::kRole;
  } else if (!principal.unique_id.empty() && name.value == principal.unique_id) {
    return PrincipalMatch::kDirect;
  }
  return !name.account.empty() && name.account == principal.account ? PrincipalMatch::kAccount
                                                                    : PrincipalMatch::kNone;
}

bool PrincipalMatcher::excepts(const Principal& principal) const {
  if (everyone_) return true;
  const auto named = [&](PrincipalMatch by) {
    return std::ranges::any_of(names_, [&](const Name& name) { return match(name, principal) == by; });
  };
  if (std::ranges::any_of(
          names_, [](const Name& name) { return name.principal == PrincipalClass::kAws && name.everyone; }))
    return true;
  if (!has_account(principal.type)) return named(PrincipalMatch::kDirect);
  const bool account = named(PrincipalMatch::kAccount) ||
                       (principal.type == PrincipalType::kRoot && named(PrincipalMatch::kDirect));
  if (principal.type == PrincipalType::kRoot) return account;
  const bool role = principal.type != PrincipalType::kRoleSession || named(PrincipalMatch::kRole);
  return account && role && named(PrincipalMatch::kDirect);
}

}  // namespace postern::iam

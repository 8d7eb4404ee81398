#include "auth/authorizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace postern::auth {
namespace {

// What AmazonSSMManagedInstanceCore grants and this service implements (control-plane.md 7.2).
constexpr std::array<std::string_view, 13> kNodeActions = {
    "ssm:UpdateInstanceInformation",
    "ssm:ListInstanceAssociations",
    "ssm:RequestManagedInstanceRoleToken",
    "ssm:UpdateManagedInstancePublicKey",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:GetMessages",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:SendReply",
};

bool is_own(const Principal& node, std::string_view resource) {
  return resource == "*" || (resource.find(":managed-instance/") != std::string_view::npos &&
                             resource.ends_with('/' + node.name));
}

}  // namespace

Decision Authorizer::decide(const Principal& principal, const Access& access) const {
  // Everyone may ask who he is; IAM can't deny it either.
  if (access.action == "sts:GetCallerIdentity" && principal.kind != PrincipalKind::kAnonymous) {
    return {true, "sts:GetCallerIdentity needs no permission"};
  }
  if (principal.administrator) return {true, "administrator"};
  if (principal.kind == PrincipalKind::kNode &&
      std::ranges::find(kNodeActions, access.action) != kNodeActions.end() &&
      std::ranges::all_of(access.resources,
                          [&](const auto& resource) { return is_own(principal, resource); })) {
    return {true, "a node may act for itself"};
  }
  return {false, "no identity-based policy allows the " + access.action + " action"};
}

aws::ApiError denial(const Principal& principal, const Access& access) {
  return aws::kAccessDenied(
      fmt::format("User: {} is not authorized to perform: {} on resource: {} because no identity-based "
                  "policy allows the {} action",
                  principal.kind == PrincipalKind::kAnonymous ? "anonymous" : principal.arn, access.action,
                  access.resources.empty() ? "*" : access.resources.front(), access.action));
}

}  // namespace postern::auth

#include "auth/authorizer.h"

#include <gtest/gtest.h>

namespace postern::auth {
namespace {

Principal administrator() {
  return {.kind = PrincipalKind::kUser, .arn = "arn:aws:iam::1:user/admin", .administrator = true};
}
Principal node() {
  return {.kind = PrincipalKind::kNode,
          .arn = "arn:aws:sts::1:assumed-role/r/mi-1",
          .name = "mi-00000000000000001"};
}
constexpr auto kOwn = "arn:aws:ssm:us-east-1:1:managed-instance/mi-00000000000000001";
constexpr auto kOther = "arn:aws:ssm:us-east-1:1:managed-instance/mi-00000000000000002";

TEST(Authorizer, DecidesAndSaysWhy) {
  const struct {
    const char* name;
    Principal who;
    Access access;
    bool allowed;
    const char* reason;
  } cases[] = {
      {"administrator", administrator(), {"ssm:StartSession", {kOther}}, true, "administrator"},
      {"own ping", node(), {"ssm:UpdateInstanceInformation", {kOwn}}, true, "a node may act for itself"},
      {"ping for another",
       node(),
       {"ssm:UpdateInstanceInformation", {kOther}},
       false,
       "no identity-based policy allows the ssm:UpdateInstanceInformation action"},
      {"one foreign resource among own",
       node(),
       {"ssmmessages:OpenDataChannel", {kOwn, kOther}},
       false,
       "no identity-based policy allows the ssmmessages:OpenDataChannel action"},
      {"node starts a session",
       node(),
       {"ssm:StartSession", {kOwn}},
       false,
       "no identity-based policy allows the ssm:StartSession action"},
      {"suffix trick",
       node(),
       {"ssm:UpdateInstanceInformation", {"arn:x/evil-mi-00000000000000001"}},
       false,
       "no identity-based policy allows the ssm:UpdateInstanceInformation action"},
      {"anonymous",
       {},
       {"ssm:DescribeSessions"},
       false,
       "no identity-based policy allows the ssm:DescribeSessions action"},
      {"anonymous identity",
       {},
       {"sts:GetCallerIdentity"},
       false,
       "no identity-based policy allows the sts:GetCallerIdentity action"},
      {"node identity", node(), {"sts:GetCallerIdentity"}, true, "sts:GetCallerIdentity needs no permission"},
  };
  for (const auto& [name, who, access, allowed, reason] : cases) {
    const auto decision = Authorizer{}.decide(who, access);
    EXPECT_EQ(decision.allowed, allowed) << name;
    EXPECT_EQ(decision.reason, reason) << name;
  }
}

TEST(Denial, NamesWhoWhatAndWhere) {
  const auto error = denial(node(), {"ssm:StartSession", {kOther}});
  EXPECT_EQ(error.code, "AccessDeniedException");
  EXPECT_EQ(
      error.message,
      "User: arn:aws:sts::1:assumed-role/r/mi-1 is not authorized to perform: ssm:StartSession on resource: "
      "arn:aws:ssm:us-east-1:1:managed-instance/mi-00000000000000002 because no identity-based policy allows "
      "the "
      "ssm:StartSession action");
}

}  // namespace
}  // namespace postern::auth

#include "iam/check.h"

#include <gtest/gtest.h>

#include <string>

#include "iam/parse.h"

namespace postern::iam {
namespace {

std::vector<std::string> codes(std::string_view text, PolicyKind kind) {
  const auto policy = parse(text, kind);
  if (!policy) return {policy.error().message()};
  std::vector<std::string> found;
  for (const auto& warning : check(*policy)) found.emplace_back(to_string(warning.code));
  return found;
}

TEST(Check, FindsWhatIsSurelyNotMeant) {
  const struct {
    std::string_view statement;
    PolicyKind kind;
    std::vector<std::string> expected;
  } cases[] = {
      {R"("Effect":"Allow","Action":"ssm:StartSession","Resource":"*")", PolicyKind::kIdentity, {}},
      {R"("Effect":"Allow","Action":["ssm:StartSesion","ssm:Start*","s3:Nonsense","ssm:X*"],"Resource":"*")",
       PolicyKind::kIdentity,
       {"unknown-action", "unknown-action"}},
      {R"("Effect":"Allow","NotAction":"iam:*","Resource":"*")",
       PolicyKind::kIdentity,
       {"allow-with-not-action"}},
      {R"("Effect":"Deny","NotAction":"iam:*","Resource":"*")", PolicyKind::kIdentity, {}},
      {R"("Effect":"Allow","Action":"ssm:*","NotResource":"arn:aws:ssm:r:1:document/a")",
       PolicyKind::kIdentity,
       {"allow-with-not-resource"}},
      {R"("Effect":"Allow","Action":"ssm:*","Resource":"arn:aws:ssm:r*n:1:docu*/a")",
       PolicyKind::kIdentity,
       {"wildcard-across-components"}},
      {R"("Effect":"Allow","Action":"ssm:*","Resource":"*","Principal":"*")",
       PolicyKind::kResource,
       {"wildcard-principal"}},
      {R"("Effect":"Allow","Action":"ssm:*","Resource":"*","Principal":{"AWS":"*"},"Condition":{"Bool":{"aws:SecureTransport":"true"}})",
       PolicyKind::kResource,
       {}},
      {R"("Effect":"Deny","Action":"ssm:*","Resource":"*","NotPrincipal":{"AWS":"arn:aws:iam::1:user/a"})",
       PolicyKind::kResource,
       {"not-principal-without-account"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}})",
       PolicyKind::kIdentity,
       {"for-all-values-without-null"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:tagkeys":"false"}})",
       PolicyKind::kIdentity,
       {}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:username":"a"}})",
       PolicyKind::kIdentity,
       {"if-exists-on-negated"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"a"}})",
       PolicyKind::kIdentity,
       {"multivalued-key-without-set"}},
      {R"("Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}})",
       PolicyKind::kIdentity,
       {"bool-false-without-if-exists"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:Usernam":"a"}})",
       PolicyKind::kIdentity,
       {"unknown-key"}},
      {R"("Effect":"Allow","Action":["ssm:GetDocument","iam:GetUser"],"Resource":"*","Condition":{"Bool":{"ssm:SessionDocumentAccessCheck":"true"}})",
       PolicyKind::kIdentity,
       {"key-never-present"}},
      {R"("Effect":"Allow","Action":"ssm:*Session","Resource":"*","Condition":{"NumericEquals":{"postern:PortNumber":"22"}})",
       PolicyKind::kIdentity,
       {}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"a*"}})",
       PolicyKind::kIdentity,
       {"wildcard-not-taken"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"postern:PortNumber":"ssh"}})",
       PolicyKind::kIdentity,
       {"unreadable-value"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}})",
       PolicyKind::kIdentity,
       {"unreadable-value"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"*"}})",
       PolicyKind::kIdentity,
       {"unreadable-value"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"${aws:username}"}})",
       PolicyKind::kIdentity,
       {"variable-not-taken"}},
      {R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":[]}})",
       PolicyKind::kIdentity,
       {"empty-values"}},
      {R"("Effect":"Allow","Action":"*","Resource":"arn:aws:ssm:*:*:session/${aws:username}")",
       PolicyKind::kIdentity,
       {"variable-in-2008"}},
  };
  for (const auto& [statement, kind, expected] : cases) {
    EXPECT_EQ(codes("{\"Statement\":{" + std::string(statement) + "}}", kind), expected) << statement;
  }
}

TEST(Check, SaysWhere) {
  const auto policy = parse(
      "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Resource\": \"*\",\n   \"Action\": [\"ssm:*\", "
      "\"ssm:StartSesion\"]}]}",
      PolicyKind::kIdentity);
  ASSERT_TRUE(policy);
  const auto warnings = check(*policy);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(
      warnings[0].message(),
      "line 3, column 24: Statement[0].Action[1]: there is no action \"ssm:StartSesion\" [unknown-action]");
}

}  // namespace
}  // namespace postern::iam

#include "iam/parse.h"

#include <gtest/gtest.h>

#include <string>

#include "iam/json_reader.h"

namespace postern::iam {
namespace {

constexpr std::string_view kSample = R"({
  "Version": "2012-10-17",
  "Id": "sample",
  "Statement": [
    {
      "Sid": "Own",
      "Effect": "Allow",
      "Principal": {"AWS": ["arn:aws:iam::123456789012:user/ana", "*"], "Service": "ssm.amazonaws.com"},
      "Action": ["ssm:StartSession", "ssm:*Session"],
      "Resource": "arn:aws:ssm:*:*:session/${aws:username, 'x'}-*",
      "Condition": {
        "StringEquals": {"aws:PrincipalTag/\u00e9\ud83d\ude00": ["a", "b"]},
        "NumericLessThan": {"aws:MultiFactorAuthAge": 3600},
        "Bool": {"aws:SecureTransport": true}
      }
    },
    {"Sid": "No", "Effect": "Deny", "NotPrincipal": {"AWS": "123456789012"}, "NotAction": "iam:*", "NotResource": "*"}
  ]
})";

TEST(Parse, ReadsEveryElement) {
  const auto policy = parse(kSample, PolicyKind::kResource);
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->version, Version::k2012);
  EXPECT_EQ(policy->id, "sample");
  ASSERT_EQ(policy->statements.size(), 2U);
  const auto& first = policy->statements[0];
  EXPECT_EQ(first.sid.text, "Own");
  EXPECT_EQ(first.sid.at, (Position{6, 14}));
  EXPECT_EQ(first.effect, Effect::kAllow);
  ASSERT_EQ(first.principal->names.size(), 3U);
  EXPECT_EQ(first.principal->names[2].principal, PrincipalClass::kService);
  EXPECT_EQ(first.action.values[1].text, "ssm:*Session");
  EXPECT_EQ(first.action.values[1].at, (Position{9, 38}));
  ASSERT_EQ(first.conditions.size(), 3U);
  EXPECT_EQ(first.conditions[0].key.text, "aws:PrincipalTag/é😀");
  EXPECT_EQ(first.conditions[1].values[0].text, "3600");
  EXPECT_EQ(first.conditions[2].values[0].text, "true");
  const auto& second = policy->statements[1];
  EXPECT_EQ(second.action.sense, Sense::kAllBut);
  EXPECT_EQ(second.resource->sense, Sense::kAllBut);
  EXPECT_EQ(second.principal->sense, Sense::kAllBut);
}

TEST(Parse, SaysWhatIsWrongAndWhere) {
  const auto statement = [](std::string_view rest) {
    return R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*",)" + std::string(rest) + "}}";
  };
  const auto condition = [&](std::string_view inner) {
    return statement(R"("Condition":)" + std::string(inner));
  };
  const struct {
    std::string text;
    PolicyKind kind;
    std::string_view message;
  } cases[] = {
      {"", PolicyKind::kIdentity, "line 1, column 1: the text ends here; expected a JSON value"},
      {"[]", PolicyKind::kIdentity, "line 1, column 1: a policy is not a list; expected a JSON object"},
      {"{}", PolicyKind::kIdentity,
       "line 1, column 1: the policy has no Statement; expected a member \"Statement\""},
      {"{} x", PolicyKind::kIdentity,
       "line 1, column 4: there is more text after the end of the policy; expected nothing after the closing "
       "brace"},
      {"\xEF\xBB\xBF{}", PolicyKind::kIdentity,
       "line 1, column 1: unexpected \"\xEF\xBB\xBF\"; expected a JSON value"},
      {"{\n \"Version\": \"2012-10-17\",\n \"Version\": \"x\"}", PolicyKind::kIdentity,
       "line 3, column 2: Version: this name occurs twice in the same object; expected each name once"},
      {R"({"Version":"2012-10-18"})", PolicyKind::kIdentity,
       "line 1, column 12: Version: \"2012-10-18\" is not a version of the policy language; expected "
       "\"2012-10-17\" or \"2008-10-17\""},
      {R"({"version":"2012-10-17"})", PolicyKind::kIdentity,
       "line 1, column 2: version: names of elements are case-sensitive; expected \"Version\""},
      {R"({"Statement":[]})", PolicyKind::kIdentity,
       "line 1, column 14: Statement: the list is empty; expected a statement, or a list of at least one"},
      {R"({"Statement":[{"Effect":"allow"}]})", PolicyKind::kIdentity,
       "line 1, column 25: Statement[0].Effect: \"allow\" is not an effect; expected \"Allow\" or \"Deny\""},
      {R"({"Statement":{"Action":"*","Resource":"*"}})", PolicyKind::kIdentity,
       "line 1, column 14: Statement: the statement has no Effect; expected \"Effect\": \"Allow\" or "
       "\"Deny\""},
      {R"({"Statement":{"Effect":"Allow","Resource":"*"}})", PolicyKind::kIdentity,
       "line 1, column 14: Statement: the statement has no Action; expected \"Action\" or \"NotAction\""},
      {R"({"Statement":{"Effect":"Allow","Action":"*"}})", PolicyKind::kIdentity,
       "line 1, column 14: Statement: the statement has no Resource; expected \"Resource\" or "
       "\"NotResource\""},
      {statement(R"("NotAction":"*")"), PolicyKind::kIdentity,
       "line 1, column 60: Statement: a statement can't have both Action and NotAction; expected one of "
       "them"},
      {statement(R"("Principal":"*")"), PolicyKind::kIdentity,
       "line 1, column 60: Statement.Principal: the identity-based policy has no principal: it is about "
       "whoever it is attached to; expected no such element"},
      {statement(R"("Sid":"a b")"), PolicyKind::kIdentity,
       "line 1, column 66: Statement.Sid: \"a b\" is not a Sid; expected letters A-Z, a-z and digits only"},
      {statement(R"("Sid":"a")"), PolicyKind::kResource,
       "line 1, column 14: Statement: a resource-based policy says whom it is about, and this statement "
       "doesn't; expected \"Principal\""},
      {statement(R"("Principal":{"AWS":"arn:aws:iam::1:user/*"})"), PolicyKind::kResource,
       "line 1, column 79: Statement.Principal.AWS: \"arn:aws:iam::1:user/*\" has a wildcard, which is not "
       "allowed within a principal; expected \"*\" alone, or a whole ARN"},
      {statement(R"("NotPrincipal":{"AWS":"123456789012"})"), PolicyKind::kResource,
       "line 1, column 60: Statement: NotPrincipal with Allow would allow everyone but those named, "
       "anonymous callers too; expected \"Principal\", or Effect \"Deny\""},
      {statement(R"("Principal":"*")"), PolicyKind::kTrust,
       "line 1, column 45: Statement.Resource: a trust policy has no resource: it is about the role that it "
       "belongs to; expected no such element"},
      {condition("[]"), PolicyKind::kIdentity,
       "line 1, column 72: Statement.Condition: a list is not a condition; expected an object of operators"},
      {condition(R"({"StringEqual":{"aws:a":"b"}})"), PolicyKind::kIdentity,
       "line 1, column 73: Statement.Condition.StringEqual: \"StringEqual\" is not a condition operator; "
       "expected an operator like StringEquals, NumericLessThan, "
       "DateGreaterThan, Bool, BinaryEquals, IpAddress, ArnLike or Null"},
      {condition(R"({"NullIfExists":{"aws:a":"true"}})"), PolicyKind::kIdentity,
       "line 1, column 73: Statement.Condition.NullIfExists: \"NullIfExists\" is not a condition operator; "
       "expected an operator like StringEquals, NumericLessThan, "
       "DateGreaterThan, Bool, BinaryEquals, IpAddress, ArnLike or Null"},
      {condition(R"({"StringEquals":{"aws:a":"1","AWS:A":"2"}})"), PolicyKind::kIdentity,
       "line 1, column 101: Statement.Condition.StringEquals[\"AWS:A\"]: this key occurs twice under the "
       "same operator; case makes no difference; expected each key once"},
      {condition(R"({"StringEquals":{"username":"1"}})"), PolicyKind::kIdentity,
       "line 1, column 89: Statement.Condition.StringEquals.username: \"username\" is not a condition key; "
       "expected SERVICE:KEY, like \"aws:SourceIp\""},
      {condition(R"({"StringEquals":{"aws:a":{"b":1}}})"), PolicyKind::kIdentity,
       "line 1, column 97: Statement.Condition.StringEquals[\"aws:a\"]: an object can't stand here; expected "
       "a string, or a list of strings"},
      {R"({"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}})", PolicyKind::kIdentity,
       "line 1, column 41: Statement.Action: the list is empty; expected at least one value"},
      {R"({"Statement":{"Effect":"Allow","Action":["s*m:x"],"Resource":"*"}})", PolicyKind::kIdentity,
       "line 1, column 42: Statement.Action[0]: \"s*m\" is not a service; expected letters, digits and "
       "hyphens, without wildcards"},
      {R"({"Statement":{"Effect":"Allow","Action":"StartSession","Resource":"*"}})", PolicyKind::kIdentity,
       "line 1, column 41: Statement.Action: \"StartSession\" names no service; expected SERVICE:ACTION, "
       "like \"ssm:StartSession\", or \"*\""},
      {R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"document/a"}})", PolicyKind::kIdentity,
       "line 1, column 56: Statement.Resource: \"document/a\" is not a resource; expected an ARN, "
       "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or \"*\""},
      {R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:a:b:c:d:${aws:username"}})",
       PolicyKind::kIdentity,
       "line 1, column 79: Statement.Resource: in \"arn:a:b:c:d:${aws:username\", a variable is not closed; "
       "expected ${KEY}, ${KEY, 'DEFAULT'}, ${*}, ${?} or ${$}"},
  };
  for (const auto& [text, kind, message] : cases) {
    const auto policy = parse(text, kind);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().message(), message) << text;
  }
}

TEST(Parse, RefusesWhatIsNotJson) {
  const struct {
    std::string_view text;
    std::string_view what;
  } cases[] = {
      {"{\"a\":01}", "unexpected \"1\""},
      {"{\"a\":\"\\x\"}", "unexpected \"x\""},
      {"{\"a\":\"\\ud800\"}", "half of a surrogate pair is not a character"},
      {"{\"a\":\"\xFF\"}", "this is not valid UTF-8"},
      {"{\"a\":\"\xC0\x80\"}", "this is not valid UTF-8"},
      {"{\"a\":\"\xED\xA0\x80\"}", "this is not valid UTF-8"},
      {"{\"a\":\"\n\"}", "unexpected \"\\u000a\""},
      {"{\"a\":1,}", "unexpected \"}\""},
      {"{\"a\":tru}", "unexpected \"t\""},
      {"{'a':1}", "unexpected \"'\""},
      {"{\"a\":\"b", "this string has no end"},
      {"{\"a\":-}", "unexpected \"}\""},
  };
  for (const auto& [text, what] : cases) {
    const auto value = read_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().what, what) << text;
  }
}

TEST(Parse, BoundsDepthSizeAndCounts) {
  EXPECT_EQ(read_json(std::string(100'000, '[')).error().what, "this is nested too deeply");
  EXPECT_TRUE(read_json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
  const std::string policy = R"({"Statement":{"Effect":"Allow","Action":["*","*"],"Resource":"*"}})";
  EXPECT_TRUE(parse(policy, PolicyKind::kIdentity, {.characters = policy.size()}));
  EXPECT_EQ(parse(policy, PolicyKind::kIdentity, {.characters = 10}).error().message(),
            "line 1, column 1: the policy has 66 characters besides blanks; expected at most 10");
  EXPECT_EQ(parse(policy, PolicyKind::kIdentity, {.values = 1}).error().what, "the list has 2 values");
  EXPECT_EQ(parse(policy, PolicyKind::kIdentity, {.bytes = 10}).error().what, "the policy has 66 bytes");
  EXPECT_EQ(counted_characters(" a\té\n", SizeRule::kWithoutBlanks), 2U);
  EXPECT_EQ(counted_characters(" a\té\n", SizeRule::kAllCharacters), 5U);
}

TEST(Parse, SurvivesEachTruncation) {
  for (std::size_t length = 0; length < kSample.size(); ++length) {
    EXPECT_FALSE(parse(kSample.substr(0, length), PolicyKind::kResource)) << length;
  }
}

TEST(Parse, SurvivesEachFlippedBit) {
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < kSample.size() * 8; ++bit) {
    std::string text(kSample);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    const auto policy = parse(text, PolicyKind::kResource);
    if (policy) continue;
    ++refused;
    EXPECT_GE(policy.error().at.line, 1U);
    EXPECT_FALSE(policy.error().what.empty());
  }
  EXPECT_GT(refused, kSample.size());
}

}  // namespace
}  // namespace postern::iam

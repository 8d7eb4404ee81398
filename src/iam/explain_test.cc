#include "iam/explain.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "iam/testing/case.h"

namespace postern::iam {
namespace {

testing::Case read(std::string_view text) {
  auto one = testing::Case::read(boost::json::parse(text));
  EXPECT_TRUE(one) << one.error();
  return std::move(*one);
}

constexpr std::string_view kDenied =
    R"({"action":"ssm:StartSession","resources":"arn:aws:ec2:r:1:instance/i-1","context":{"ec2:ResourceTag/Environment":"Staging"},
  "identity":[{"name":"Sessions","policy":{"Version":"2012-10-17","Statement":[
    {"Sid":"Nodes","Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"ec2:ResourceTag/Environment":"Production"}}},
    {"Effect":"Deny","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:*:document/*"}]}}]})";

TEST(Explain, SaysWhichElementFailedAndWhy) {
  const auto one = read(kDenied);
  EXPECT_EQ(
      to_text(explain(one.request(), one.sets())),
      "implicitDeny ssm:StartSession by arn:aws:iam::123456789012:user/ana on arn:aws:ec2:r:1:instance/i-1\n"
      "  because no identity-based policy allows the ssm:StartSession action\n"
      "  missing: an Allow in the identity-based policy\n"
      "does not apply on arn:aws:ec2:r:1:instance/i-1: Allow Sessions statement 0 (Nodes)\n"
      "    Condition: StringEquals ec2:ResourceTag/Environment: the request has \"Staging\"\n"
      "does not apply on arn:aws:ec2:r:1:instance/i-1: Deny Sessions statement 1\n"
      "    Action: it is not about ssm:StartSession\n"
      "    Resource: it is not about arn:aws:ec2:r:1:instance/i-1\n");
}

TEST(Explain, AsJson) {
  const auto one = read(kDenied);
  const auto json = to_json(explain(one.request(), one.sets()));
  EXPECT_EQ(json.at("Decision").as_string(), "implicitDeny");
  EXPECT_EQ(json.at("MissingFrom").as_array().at(0).as_string(), "identity-based policy");
  const auto& first = json.at("Statements").as_array().at(0);
  EXPECT_EQ(first.at("Sid").as_string(), "Nodes");
  EXPECT_EQ(first.at("Failures").as_array().at(0).at("Element").as_string(), "Condition");
  EXPECT_FALSE(json.as_object().contains("DecidedBy"));
}

TEST(Explain, EndsWhereNobodyReadsOn) {
  // Each statement fails twice over eight long values.
  constexpr std::string_view kStatement =
      R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"b"},"StringLike":{"aws:TagKeys":"c"}}})";
  constexpr std::size_t kStatements = 1'000;
  std::string statements(kStatement);
  for (std::size_t i = 1; i < kStatements; ++i) statements.append(",").append(kStatement);
  std::string values;
  for (int i = 0; i < 8; ++i)
    values.append(i == 0 ? "" : ",").append("\"").append(100, static_cast<char>('a' + i)).append("\"");
  const auto one = read(R"({"context":{"aws:TagKeys":[)" + values + R"(]},"identity":{"Statement":[)" +
                        statements + "]}}");
  const auto explanation = explain(one.request(), one.sets());
  ASSERT_EQ(explanation.statements.size(), kStatements);
  EXPECT_TRUE(explanation.statements.front().failures.at(0).detail.contains("hhh"));
  EXPECT_EQ(explanation.statements.back().failures.at(0).detail, "...");
  const auto text = to_text(explanation);
  EXPECT_LT(text.size(), 1'200'000U);
  EXPECT_TRUE(text.ends_with("... and more statements\n"));
}

TEST(DenialReason, UsesAwsWords) {
  const auto reason = [](std::string_view text) {
    const auto one = read(text);
    return denial_reason(evaluate(one.request(), one.sets()), one.request());
  };
  EXPECT_EQ(reason(R"({})"), "because no identity-based policy allows the ssm:StartSession action");
  EXPECT_EQ(reason(R"({"identity":{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}})"),
            "with an explicit deny in an identity-based policy");
  EXPECT_EQ(reason(R"({"scp":[{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}]})"),
            "with an explicit deny in a service control policy");
  EXPECT_EQ(
      reason(
          R"({"resources":[{"arn":"*","trust":null}],"identity":{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}})"),
      "because no role trust policy allows the ssm:StartSession action");
  EXPECT_EQ(reason(R"({"identity":{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}})"), "");
}

}  // namespace
}  // namespace postern::iam

#include "api/sts/trust.h"

#include <gtest/gtest.h>

namespace postern::api::sts {
namespace {

constexpr auto kProvider = "arn:aws:iam::123456789012:oidc-provider/id.example/realm";
constexpr auto kWeb = "sts:AssumeRoleWithWebIdentity";

FoundRole role_with(const std::string& statement) {
  FoundRole found;
  found.role.name = "Ops";
  found.role.arn = "arn:aws:iam::123456789012:role/Ops";
  found.role.trust_policy = R"({"Version":"2012-10-17","Statement":)" + statement + "}";
  found.tags = {{"Stage", "test"}};
  return found;
}

FoundRole federated(const std::string& condition, const std::string& principal = kProvider) {
  return role_with(R"({"Effect":"Allow","Principal":{"Federated":")" + principal +
                   R"("},"Action":"sts:AssumeRoleWithWebIdentity","Condition":)" + condition + "}");
}

auth::WebIdentity alice() {
  auth::WebIdentity identity;
  identity.provider = "id.example/realm";
  identity.subject = "alice";
  identity.audience = "postern";
  identity.audiences = {"api", "postern"};
  identity.claims = {{"groups", {"dev", "ops"}}, {"email_verified", {"true"}}};
  return identity;
}

bool trusted(const FoundRole& found, const std::string& action = kWeb, auth::ContextKeys keys = {}) {
  return is_trusted(found, kProvider, alice(), action, std::move(keys));
}

TEST(Trust, ProviderAndActionMustBeNamed) {
  EXPECT_TRUE(trusted(federated("{}")));
  EXPECT_FALSE(trusted(federated("{}", "arn:aws:iam::123456789012:oidc-provider/id.example")));
  EXPECT_FALSE(trusted(federated("{}"), "sts:TagSession"));
  EXPECT_FALSE(trusted(role_with(
      R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:*"})")));
}

TEST(Trust, ConditionsAskForClaims) {
  EXPECT_TRUE(trusted(federated(R"({"StringEquals":{"id.example/realm:sub":"alice"}})")));
  EXPECT_FALSE(trusted(federated(R"({"StringEquals":{"id.example/realm:sub":"bob"}})")));
  EXPECT_TRUE(trusted(federated(R"({"StringEquals":{"id.example/realm:aud":"postern"}})")));
  EXPECT_TRUE(trusted(federated(R"({"ForAnyValue:StringEquals":{"id.example/realm:oaud":"api"}})")));
  EXPECT_TRUE(trusted(federated(R"({"ForAnyValue:StringEquals":{"id.example/realm:groups":"ops"}})")));
  EXPECT_FALSE(trusted(federated(R"({"ForAnyValue:StringEquals":{"id.example/realm:groups":"admin"}})")));
  EXPECT_TRUE(trusted(federated(R"({"Bool":{"id.example/realm:email_verified":"true"}})")));
  EXPECT_FALSE(trusted(federated(R"({"StringEquals":{"other.example:sub":"alice"}})")));
}

TEST(Trust, ConditionsAskForTheRequestAndTheRole) {
  EXPECT_TRUE(trusted(federated(R"({"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})"), kWeb,
                      {{"aws:SourceIp", "192.0.2.7"}}));
  EXPECT_FALSE(trusted(federated(R"({"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})"), kWeb,
                       {{"aws:SourceIp", "198.51.100.7"}}));
  EXPECT_TRUE(trusted(federated(R"({"StringEquals":{"aws:ResourceTag/Stage":"test"}})")));
  EXPECT_TRUE(trusted(
      federated(R"({"StringEquals":{"aws:FederatedProvider":")" + std::string(kProvider) + R"("}})")));
}

TEST(Trust, ADenyDecides) {
  EXPECT_FALSE(trusted(role_with(
      R"([{"Effect":"Allow","Principal":{"Federated":"*"},"Action":"sts:AssumeRoleWithWebIdentity"},)"
      R"({"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"StringLike":{"id.example/realm:sub":"a*"}}}])")));
}

TEST(Trust, AnUnreadablePolicyTrustsNobody) {
  EXPECT_FALSE(trusted(role_with("nonsense")));
  const auto resource = role_resource("arn:aws:iam::123456789012:role/Ops", role_with("nonsense"));
  EXPECT_EQ(resource.policy, nullptr);
  EXPECT_EQ(resource.rule, postern::iam::ResourcePolicyRule::kRequired);
  EXPECT_EQ(role_resource("arn:aws:iam::123456789012:role/None", std::nullopt).policy, nullptr);
}

}  // namespace
}  // namespace postern::api::sts

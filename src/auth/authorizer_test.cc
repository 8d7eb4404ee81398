#include "auth/authorizer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <filesystem>

#include "auth/credential_state.h"
#include "auth/denial.h"
#include "auth/request_context.h"
#include "aws/policies/built_in.h"

namespace postern::auth {
namespace {

constexpr auto kNodeId = "mi-00000000000000001";
constexpr auto kOtherId = "mi-00000000000000002";

class FixedClock final : public Clock {
 public:
  Timestamp now() const override { return from_unix_micros(1'795'000'000'000'000); }
};

template <class T>
T await(boost::asio::awaitable<T> task) {
  boost::asio::io_context context;
  auto result = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return result.get();
}

/// A store with user ana, group operators and role Nodes, and an authorizer over it.
class AuthorizerTest : public ::testing::Test {
 protected:
  AuthorizerTest() {
    installation_.account = "123456789012";
    std::string pattern = (std::filesystem::temp_directory_path() / "postern-auth-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    store_ = store::Store::open_sqlite(directory_ / "db", store::Sealer(Bytes(32, 7)));
    change([](store::Repositories& repos) {
      repos.users.add({.user_id = "AIDAANA", .name = "ana", .arn = "arn:aws:iam::123456789012:user/ana"});
      repos.groups.add(
          {.group_id = "AGPAOPS", .name = "operators", .arn = "arn:aws:iam::123456789012:group/operators"});
      repos.roles.add({.role_id = "AROANODES",
                       .name = "Nodes",
                       .arn = "arn:aws:iam::123456789012:role/Nodes",
                       .trust_policy = "{}"});
    });
    authorizer_ = std::make_unique<Authorizer>(*store_, store::Sealer(Bytes(32, 7)), clock_, installation_);
  }
  ~AuthorizerTest() override {
    authorizer_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  template <class F>
  void change(F work) {
    store_->run_blocking([&](store::Repositories& repos) { work(repos); });
    if (authorizer_) authorizer_->invalidate();
  }
  void give(const std::string& holder, const std::string& statements) {
    change([&](store::Repositories& repos) {
      repos.attachments.put_inline(holder, "p",
                                   R"({"Version":"2012-10-17","Statement":[)" + statements + "]}");
    });
  }

  Principal ana() const {
    return {.kind = PrincipalKind::kUser,
            .account = installation_.account,
            .arn = "arn:aws:iam::123456789012:user/ana",
            .user_id = "AIDAANA",
            .name = "ana"};
  }
  Principal node() const {
    return node_principal(installation_, {.node_id = kNodeId, .iam_role = "service-role/Nodes"});
  }
  Resource node_resource(const std::string& id, ContextKeys tags = {}) const {
    Resource resource(installation_.node_arn(id));
    resource.aliases = {installation_.instance_arn(id)};
    resource.keys = std::move(tags);
    return resource;
  }
  Access start(ContextKeys tags = {}) const {
    return {.action = "ssm:StartSession", .resources = {node_resource(kNodeId, std::move(tags))}};
  }
  Decision decide(const Principal& who, Access access, ContextKeys keys = {}) {
    return await(authorizer_->decide(who, std::move(access), std::move(keys)));
  }

  Installation installation_;
  FixedClock clock_;
  std::filesystem::path directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Authorizer> authorizer_;
};

TEST_F(AuthorizerTest, UserWithoutPolicyIsDeniedAndToldWhy) {
  const auto decision = decide(ana(), start());
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.reason, "because no identity-based policy allows the ssm:StartSession action");
  EXPECT_EQ(
      decision.message,
      "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: ssm:StartSession on resource: "
      "arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-00000000000000001 because no identity-based "
      "policy allows the ssm:StartSession action");
  EXPECT_EQ(decision.denial.code, "AccessDeniedException");
  EXPECT_TRUE(
      decision.denial.message.starts_with(decision.message + ". Encoded authorization failure message: "));
}

TEST_F(AuthorizerTest, GroupsPolicyAllowsUntilTheUserLeavesIt) {
  give(
      "AGPAOPS",
      R"({"Sid":"Production","Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/*",
           "Condition":{"StringEquals":{"ec2:ResourceTag/Environment":"Production"}}})");
  EXPECT_FALSE(decide(ana(), start({{"ec2:ResourceTag/Environment", "Production"}})).allowed);
  change([](store::Repositories& repos) { repos.groups.add_member("AGPAOPS", "AIDAANA"); });
  const auto decision = decide(ana(), start({{"ec2:ResourceTag/Environment", "Production"}}));
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.reason, "allowed by inline policy p of operators statement 0 (Production)");
  EXPECT_FALSE(decide(ana(), start({{"ec2:ResourceTag/Environment", "Staging"}})).allowed);
  change([](store::Repositories& repos) { repos.groups.remove_member("AGPAOPS", "AIDAANA"); });
  EXPECT_FALSE(decide(ana(), start({{"ec2:ResourceTag/Environment", "Production"}})).allowed);
}

TEST_F(AuthorizerTest, WhatWasReadCountsUntilItIsInvalidated) {
  change([](store::Repositories& repos) { repos.attachments.attach("AIDAANA", aws::kAdministratorAccess); });
  EXPECT_TRUE(decide(ana(), start()).allowed);
  store_->run_blocking(
      [](store::Repositories& repos) { repos.attachments.detach("AIDAANA", aws::kAdministratorAccess); });
  EXPECT_TRUE(decide(ana(), start()).allowed);
  const auto before = authorizer_->generation();
  authorizer_->invalidate();
  EXPECT_NE(authorizer_->generation(), before);
  EXPECT_FALSE(decide(ana(), start()).allowed);
}

TEST_F(AuthorizerTest, BoundaryAndServiceControlPolicyLimit) {
  change([](store::Repositories& repos) {
    repos.attachments.attach("AIDAANA", aws::kAdministratorAccess);
    auto user = *repos.users.find("AIDAANA");
    user.boundary_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    repos.users.update(user);
  });
  EXPECT_EQ(decide(ana(), start()).reason,
            "because no permissions boundary allows the ssm:StartSession action");
  change([](store::Repositories& repos) {
    auto user = *repos.users.find("AIDAANA");
    user.boundary_arn.clear();
    repos.users.update(user);
    repos.service_controls.add(
        {.policy_id = "p-1",
         .name = "no sessions",
         .content =
             R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ssm:StartSession","Resource":"*"}]})"});
    repos.service_controls.attach("p-1", "123456789012");
  });
  const auto decision = decide(ana(), start());
  EXPECT_EQ(decision.reason, "denied explicitly by service control policy no sessions (p-1) statement 0");
  EXPECT_TRUE(decision.message.ends_with("with an explicit deny in a service control policy"));
}

TEST_F(AuthorizerTest, SessionPolicyLimitsARoleSession) {
  give("AROANODES", R"({"Effect":"Allow","Action":"ssm:*","Resource":"*"})");
  Principal session{.kind = PrincipalKind::kRoleSession,
                    .account = installation_.account,
                    .arn = "arn:aws:sts::123456789012:assumed-role/Nodes/s",
                    .user_id = "AROANODES:s",
                    .name = "s"};
  session.role_id = "AROANODES";
  session.role_arn = "arn:aws:iam::123456789012:role/Nodes";
  EXPECT_TRUE(decide(session, start()).allowed);
  session.session_policies = {
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:DescribeSessions","Resource":"*"}})"};
  EXPECT_EQ(decide(session, start()).reason, "because no session policy allows the ssm:StartSession action");
  EXPECT_TRUE(decide(session, {.action = "ssm:DescribeSessions"}).allowed);
  session.session_policies.clear();
  session.session_policy_arns = {"arn:aws:iam::123456789012:policy/Deleted"};
  EXPECT_FALSE(decide(session, {.action = "ssm:DescribeSessions"}).allowed);
}

TEST_F(AuthorizerTest, NodeActsByItsRoleAndOnlyForItself) {
  const Access own{.action = "ssm:UpdateInstanceInformation", .resources = {node_resource(kNodeId)}};
  const Access other{.action = "ssm:UpdateInstanceInformation",
                     .resources = {node_resource(kNodeId), node_resource(kOtherId)}};
  EXPECT_FALSE(decide(node(), own).allowed);
  change(
      [](store::Repositories& repos) { repos.attachments.attach("AROANODES", aws::kManagedInstanceCore); });
  EXPECT_TRUE(decide(node(), own).allowed);
  EXPECT_EQ(decide(node(), other).reason, "a node acts only for itself");
  change(
      [](store::Repositories& repos) { repos.attachments.attach("AROANODES", aws::kAdministratorAccess); });
  EXPECT_FALSE(decide(node(), other).allowed);
  EXPECT_FALSE(
      decide(node(), {.action = "ssm:StartSession", .resources = {node_resource(kOtherId)}}).allowed);
  const Access session{.action = "ssm:ResumeSession",
                       .resources = {"arn:aws:ssm:eu-west-1:123456789012:session/ana-0123456789abcdef0"}};
  EXPECT_EQ(decide(node(), session).reason, "a node acts only for itself");
}

TEST_F(AuthorizerTest, SomeThingsNeedNoPermission) {
  EXPECT_TRUE(decide(ana(), {.action = "sts:GetCallerIdentity"}).allowed);
  EXPECT_TRUE(
      decide(node(), {.action = "ssm:RequestManagedInstanceRoleToken", .resources = {node_resource(kNodeId)}})
          .allowed);
  EXPECT_FALSE(
      decide(ana(), {.action = "ssm:RequestManagedInstanceRoleToken", .resources = {node_resource(kNodeId)}})
          .allowed);
  EXPECT_FALSE(decide({}, {.action = "sts:GetCallerIdentity"}).allowed);
}

TEST_F(AuthorizerTest, DeletedUserIsAllowedNothing) {
  change([](store::Repositories& repos) { repos.attachments.attach("AIDAANA", aws::kAdministratorAccess); });
  EXPECT_TRUE(decide(ana(), start()).allowed);
  change([](store::Repositories& repos) { repos.users.remove("AIDAANA"); });
  EXPECT_FALSE(decide(ana(), start()).allowed);
}

TEST_F(AuthorizerTest, PrincipalTagsAreKeys) {
  give("AIDAANA",
       R"({"Effect":"Allow","Action":"ssm:StartSession","Resource":"*",
           "Condition":{"StringEquals":{"ssm:resourceTag/Team":"${aws:PrincipalTag/Team}"}}})");
  EXPECT_FALSE(decide(ana(), start({{"ssm:resourceTag/Team", "red"}})).allowed);
  change([](store::Repositories& repos) { repos.tags.put(store::kUserTags, "AIDAANA", {{"Team", "red"}}); });
  EXPECT_TRUE(decide(ana(), start({{"ssm:resourceTag/Team", "red"}})).allowed);
  EXPECT_FALSE(decide(ana(), start({{"ssm:resourceTag/Team", "blue"}})).allowed);
}

TEST_F(AuthorizerTest, EncodedMessageIsTheAccountOfTheDenial) {
  const auto decision = decide(ana(), start(), {{"aws:SourceIp", "192.0.2.7"}});
  constexpr std::string_view kBefore = "Encoded authorization failure message: ";
  const auto encoded = decision.denial.message.substr(decision.denial.message.find(kBefore) + kBefore.size());
  const auto decoded = authorizer_->decode_message(encoded);
  ASSERT_TRUE(decoded.has_value());
  const auto json = boost::json::parse(*decoded);
  EXPECT_EQ(json.at("allowed"), false);
  EXPECT_EQ(json.at("explicitDeny"), false);
  EXPECT_EQ(json.at("context").at("principal").at("arn"), "arn:aws:iam::123456789012:user/ana");
  EXPECT_EQ(json.at("context").at("action"), "ssm:StartSession");
  EXPECT_NE(decoded->find("192.0.2.7"), std::string::npos);

  EXPECT_FALSE(authorizer_->decode_message("AAAA").has_value());
  EXPECT_FALSE(authorizer_->decode_message(encoded + "A").has_value());
  EXPECT_FALSE(authorizer_->decode_message(std::string(kMaxEncodedMessage + 1, 'A')).has_value());
}

TEST_F(AuthorizerTest, EncodedMessageIsBounded) {
  ContextKeys many;
  for (int i = 0; i < 200; ++i)
    many.emplace_back("aws:RequestTag/" + std::to_string(i), std::string(900, 'x'));
  const auto decision = decide(ana(), start(), many);
  EXPECT_LT(decision.denial.message.size(), kMaxEncodedMessage);
}

TEST(RequestKeys, SayWhatTheCredentialsSay) {
  const auto now = from_unix_micros(1'795'000'000'000'000);
  Installation installation;
  Principal user{.kind = PrincipalKind::kUser};
  const auto value = [&](std::string_view key) {
    for (const auto& [name, text] :
         request_keys(user, {.source_ip = "192.0.2.7", .user_agent = "aws-cli/2"}, installation, now)) {
      if (name == key) return text;
    }
    return std::string("absent");
  };
  EXPECT_EQ(value("aws:SourceIp"), "192.0.2.7");
  EXPECT_EQ(value("aws:UserAgent"), "aws-cli/2");
  EXPECT_EQ(value("aws:SecureTransport"), "true");
  // A long-term key says nothing about MFA.
  EXPECT_EQ(value("aws:MultiFactorAuthPresent"), "absent");
  user.token_issued = now - std::chrono::seconds(60);
  EXPECT_EQ(value("aws:MultiFactorAuthPresent"), "false");
  EXPECT_EQ(value("aws:MultiFactorAuthAge"), "absent");
  user.mfa_time = now - std::chrono::seconds(60);
  EXPECT_EQ(value("aws:MultiFactorAuthPresent"), "true");
  EXPECT_EQ(value("aws:MultiFactorAuthAge"), "60");
}

}  // namespace
}  // namespace postern::auth

#include <gtest/gtest.h>

#include "auth/authenticator.h"
#include "auth/temporary_credentials.h"
#include "store/test_store.h"

/// Temporary credentials, and whoever fails to prove that they are his.
namespace postern::auth {
namespace {

const Timestamp kNow = store::at(0);
constexpr auto kUserArn = "arn:aws:iam::123456789012:user/alice";
constexpr auto kRoleArn = "arn:aws:iam::123456789012:role/team/Ops";
constexpr auto kInvalid = "UnrecognizedClientException";

class SetClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = kNow;
};

class AuthenticatorSessionTest : public ::testing::Test {
 protected:
  AuthenticatorSessionTest() {
    installation_.account = "123456789012";
    store_->run_blocking([&](store::Repositories& repos) {
      repos.users.add({.user_id = "AIDA1", .name = "alice", .arn = kUserArn, .created = kNow});
      repos.users.add_key(
          {.access_key_id = "AKIA1", .user_id = "AIDA1", .secret = Secret("long"), .created = kNow});
      repos.roles.add(
          {.role_id = "AROA1", .name = "Ops", .path = "/team/", .arn = kRoleArn, .created = kNow});
    });
  }

  aws::Credentials issue(store::TemporaryCredential record) {
    auto issued = issue_temporary_credentials(std::move(record), kNow, std::chrono::hours(1));
    store_->run_blocking([&](store::Repositories& repos) { repos.temporary_credentials.add(issued.record); });
    return {issued.record.access_key_id, issued.record.secret, issued.session_token};
  }
  aws::Credentials role_session() {
    return issue({.kind = store::TemporaryCredential::Kind::kAssumedRole,
                  .role_id = "AROA1",
                  .session_name = "alice@work",
                  .session_policies = {"{}"},
                  .session_tags = {{"Team", "red"}},
                  .transitive_tag_keys = {"Team"},
                  .source_identity = "alice",
                  .mfa_time = kNow});
  }
  aws::Credentials user_session() { return issue({.user_id = "AIDA1", .parent_key_id = "AKIA1"}); }

  std::expected<Principal, aws::ApiError> authenticate(const aws::Credentials& credentials,
                                                       const std::string& address = "192.0.2.1") {
    const aws::HeaderList plain = {{"Host", "localhost"}};
    auto headers = plain;
    for (auto& header :
         aws::sign_request({"POST", "/", plain, "{}"}, credentials, "us-east-1", "ssm", clock_.time))
      headers.push_back(header);
    const aws::SignableRequest request{"POST", "/", headers, "{}"};
    return store::await(authenticator_.authenticate(request, "ssm", address));
  }
  /// The caller's ARN, or the error's code.
  std::string outcome(const aws::Credentials& credentials, const std::string& address = "192.0.2.1") {
    const auto result = authenticate(credentials, address);
    return result ? result->arn : result.error().code;
  }
  template <class Work>
  void change(Work work) {
    store_->run_blocking([&](store::Repositories& repos) { work(repos); });
  }

  store::TestDirectory directory_;
  std::unique_ptr<store::Store> store_ = store::Store::open_sqlite(directory_ / "db", store::test_sealer());
  Installation installation_;
  SetClock clock_;
  Authenticator authenticator_{*store_, clock_, installation_};
};

TEST_F(AuthenticatorSessionTest, ASessionOfARoleIsKnownWithAllThatLimitsIt) {
  const auto principal = authenticate(role_session());
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->kind, PrincipalKind::kRoleSession);
  EXPECT_EQ(principal->arn, "arn:aws:sts::123456789012:assumed-role/Ops/alice@work");
  EXPECT_EQ(principal->user_id, "AROA1:alice@work");
  EXPECT_EQ(principal->name, "alice@work");
  EXPECT_EQ(principal->role_arn, kRoleArn);
  EXPECT_EQ(principal->role_id, "AROA1");
  EXPECT_EQ(principal->token_issued, kNow);
  EXPECT_EQ(principal->mfa_time, kNow);
  EXPECT_EQ(principal->session_policies, std::vector<std::string>{"{}"});
  EXPECT_EQ(principal->session_tags.at("Team"), "red");
  EXPECT_EQ(principal->transitive_tag_keys, std::vector<std::string>{"Team"});
  EXPECT_EQ(principal->source_identity, "alice");
}

TEST_F(AuthenticatorSessionTest, AUsersTokenIsTheUser) {
  const auto principal = authenticate(user_session());
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->kind, PrincipalKind::kUser);
  EXPECT_EQ(principal->arn, kUserArn);
  EXPECT_EQ(principal->user_id, "AIDA1");
  EXPECT_EQ(principal->token_issued, kNow);
  EXPECT_FALSE(principal->mfa_time);
}

TEST_F(AuthenticatorSessionTest, TokenAndSecretMustBeTheirs) {
  auto credentials = role_session();
  const auto right = credentials;
  credentials.session_token = user_session().session_token;
  EXPECT_EQ(outcome(credentials), kInvalid);
  credentials.session_token.reset();
  EXPECT_EQ(outcome(credentials), kInvalid);
  credentials = right;
  credentials.secret = Secret("wrong");
  EXPECT_EQ(outcome(credentials), "InvalidSignatureException");
  const aws::Credentials with_token{"AKIA1", Secret("long"), right.session_token};
  EXPECT_EQ(outcome(with_token), kInvalid);
}

TEST_F(AuthenticatorSessionTest, TheyExpire) {
  const auto credentials = role_session();
  clock_.time = kNow + std::chrono::minutes(60);
  EXPECT_EQ(outcome(credentials), "ExpiredTokenException");
}

TEST_F(AuthenticatorSessionTest, WhatIsRevokedIsWorthNothingAtOnce) {
  const auto removed = role_session();
  ASSERT_NE(outcome(removed), kInvalid);
  change([&](auto& repos) { repos.temporary_credentials.remove(removed.access_key_id); });
  EXPECT_EQ(outcome(removed), kInvalid);
  const auto of_role = role_session();
  change([](auto& repos) { repos.roles.remove("AROA1"); });
  EXPECT_EQ(outcome(of_role), kInvalid);
}

TEST_F(AuthenticatorSessionTest, AUsersTokenIsWorthNoMoreThanItsKey) {
  const auto credentials = user_session();
  change([](auto& repos) { repos.users.set_key_status("AKIA1", store::KeyStatus::kInactive); });
  EXPECT_EQ(outcome(credentials), kInvalid);
  change([](auto& repos) { repos.users.set_key_status("AKIA1", store::KeyStatus::kActive); });
  EXPECT_EQ(outcome(credentials), kUserArn);
  change([](auto& repos) { repos.users.remove_key("AKIA1"); });
  EXPECT_EQ(outcome(credentials), kInvalid);
}

TEST_F(AuthenticatorSessionTest, TheUserOfADeletedUsersTokenIsGone) {
  const auto credentials = user_session();
  change([](auto& repos) { repos.users.remove("AIDA1"); });
  EXPECT_EQ(outcome(credentials), kInvalid);
}

TEST_F(AuthenticatorSessionTest, WhoeverFailsIsSlowedDownAndNobodyElse) {
  const aws::Credentials right{"AKIA1", Secret("long"), std::nullopt};
  const aws::Credentials wrong{"AKIA1", Secret("guess"), std::nullopt};
  const aws::Credentials unknown{"AKIA2", Secret("guess"), std::nullopt};
  for (unsigned i = 0; i < kSignatureFailures.burst; ++i)
    ASSERT_EQ(outcome(wrong), "InvalidSignatureException");
  EXPECT_EQ(outcome(wrong), "ThrottlingException");
  EXPECT_EQ(outcome(wrong, "192.0.2.2"), "InvalidSignatureException");
  EXPECT_EQ(outcome(unknown), kInvalid);
  EXPECT_EQ(outcome(right), kUserArn);
  EXPECT_EQ(outcome(right, "192.0.2.2"), kUserArn);
  clock_.time += kSignatureFailures.refill;
  EXPECT_EQ(outcome(wrong), "InvalidSignatureException");
  for (unsigned i = 0; i < kSignatureFailures.burst; ++i) {
    const aws::Credentials other{"AKIA" + std::to_string(100 + i), Secret("guess"), std::nullopt};
    outcome(other);
  }
  EXPECT_EQ(outcome(unknown), "ThrottlingException") << "key ids that there are not are counted together";
}

TEST_F(AuthenticatorSessionTest, LastUsesAreNoted) {
  const aws::Credentials key{"AKIA1", Secret("long"), std::nullopt};
  outcome(key);
  clock_.time += std::chrono::seconds(1);
  outcome(key);
  outcome(role_session());
  authenticator_.flush_uses();
  change([&](auto& repos) {
    const auto used = repos.users.find_key("AKIA1");
    EXPECT_EQ(used->last_used, clock_.time);
    EXPECT_EQ(used->last_used_service, "ssm");
    EXPECT_EQ(repos.roles.find("AROA1")->last_used, clock_.time);
  });
}

}  // namespace
}  // namespace postern::auth

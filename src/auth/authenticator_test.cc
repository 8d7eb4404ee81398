#include "auth/authenticator.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>

#include "aws/node_key.h"
#include "aws/policies/built_in.h"

namespace postern::auth {
namespace {

const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);
constexpr auto kNode = "mi-0123456789abcdef0";

class FixedClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = kNow;
};

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    installation_.account = "123456789012";
    std::string pattern = (std::filesystem::temp_directory_path() / "postern-auth-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    store_ = store::Store::open_sqlite(directory_ / "db", store::Sealer(Bytes(32, 7)));
    administrator_ = make_first_administrator(installation_, kNow);
    credential_ = issue_node_credential(kNode, kNow);
    store_->run_blocking([&](store::Repositories& repos) {
      repos.users.add(administrator_.user);
      repos.users.add_key(administrator_.key);
      repos.attachments.attach(administrator_.user.user_id, aws::kAdministratorAccess);
      repos.nodes.add(
          {.node_id = kNode, .iam_role = "Node", .public_key = key_.public_key_base64(), .registered = kNow});
      repos.nodes.add_credential(credential_.record);
    });
  }
  ~AuthenticatorTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  /// The caller's ARN, or the error's code.
  std::string authenticate(const aws::HeaderList& signature, const std::string& service = "ssm") {
    auto headers = kHeaders;
    headers.insert(headers.end(), signature.begin(), signature.end());
    Authenticator authenticator(*store_, clock_, installation_);
    std::optional<std::expected<Principal, aws::ApiError>> result;
    boost::asio::io_context context;
    // It must live until the coroutine, which starts with run(), has ended.
    const aws::SignableRequest request{"POST", "/", headers, "{}"};
    boost::asio::co_spawn(
        context, authenticator.authenticate(request, service, "192.0.2.1"),
        [&](const std::exception_ptr& failure, std::expected<Principal, aws::ApiError> value) {
          if (!failure) result = std::move(value);
        });
    context.run();
    if (!result) return "exception";
    return *result ? (*result)->arn : result->error().code;
  }

  aws::HeaderList sign(const aws::Credentials& credentials, const std::string& region = "us-east-1") {
    return aws::sign_request({"POST", "/", kHeaders, "{}"}, credentials, region, "ssm", kNow);
  }
  aws::Credentials user() {
    return {administrator_.key.access_key_id, administrator_.key.secret, std::nullopt};
  }
  aws::Credentials node() {
    return {credential_.record.access_key_id, credential_.record.secret, credential_.session_token};
  }

  const aws::HeaderList kHeaders = {{"Host", "localhost"}, {"X-Amz-Target", "AmazonSSM.DescribeSessions"}};
  const aws::NodeKey key_ = aws::NodeKey::generate();
  std::filesystem::path directory_;
  std::unique_ptr<store::Store> store_;
  Installation installation_;
  FixedClock clock_;
  FirstAdministrator administrator_;
  IssuedCredential credential_;
};

TEST_F(AuthenticatorTest, KnowsUsersAndNodes) {
  EXPECT_EQ(authenticate(sign(user())), "arn:aws:iam::123456789012:user/admin");
  EXPECT_EQ(authenticate(sign(node())), "arn:aws:sts::123456789012:assumed-role/Node/mi-0123456789abcdef0");
  const auto by_key = aws::sign_request_with({"POST", "/", kHeaders, "{}"}, kNode, "us-east-1", "ssm", kNow,
                                             [&](std::string_view text) { return key_.sign_base64(text); });
  EXPECT_EQ(authenticate(by_key), "arn:aws:sts::123456789012:assumed-role/Node/mi-0123456789abcdef0");
}

TEST_F(AuthenticatorTest, RefusesWithAwssNames) {
  auto wrong_secret = user();
  wrong_secret.secret = Secret("wrong");
  EXPECT_EQ(authenticate(sign(wrong_secret)), "InvalidSignatureException");
  auto unknown = user();
  unknown.access_key_id = "AKIAAAAAAAAAAAAAAAAA";
  EXPECT_EQ(authenticate(sign(unknown)), "UnrecognizedClientException");
  auto wrong_token = node();
  wrong_token.session_token = Secret("wrong");
  EXPECT_EQ(authenticate(sign(wrong_token)), "UnrecognizedClientException");
  auto no_token = node();
  no_token.session_token.reset();
  EXPECT_EQ(authenticate(sign(no_token)), "UnrecognizedClientException");
  EXPECT_EQ(authenticate(sign(user(), "eu-west-1")), "InvalidSignatureException");
  EXPECT_EQ(authenticate(sign(user()), "sts"), "InvalidSignatureException");
  EXPECT_EQ(authenticate({}), "MissingAuthenticationTokenException");
  const auto other_key = aws::NodeKey::generate();
  const auto forged =
      aws::sign_request_with({"POST", "/", kHeaders, "{}"}, kNode, "us-east-1", "ssm", kNow,
                             [&](std::string_view text) { return other_key.sign_base64(text); });
  EXPECT_EQ(authenticate(forged), "InvalidSignatureException");
}

TEST_F(AuthenticatorTest, RefusesStaleClocksAndExpiredCredentials) {
  clock_.time = kNow + std::chrono::minutes(16);
  EXPECT_EQ(authenticate(sign(user())), "InvalidSignatureException");
  clock_.time = kNow - std::chrono::minutes(16);
  EXPECT_EQ(authenticate(sign(user())), "InvalidSignatureException");
  clock_.time = kNow + std::chrono::minutes(10);
  EXPECT_EQ(authenticate(sign(user())), "arn:aws:iam::123456789012:user/admin");
  store_->run_blocking([&](store::Repositories& repos) {
    auto old = credential_.record;
    old.access_key_id = "ASIAAAAAAAAAAAAAAAAA";
    old.expires = kNow;
    repos.nodes.add_credential(old);
  });
  auto expired = node();
  expired.access_key_id = "ASIAAAAAAAAAAAAAAAAA";
  EXPECT_EQ(authenticate(sign(expired)), "ExpiredTokenException");
}

TEST_F(AuthenticatorTest, ControlPlaneTrap39_ARemovedNodesCredentialsAreWorthNothing) {
  store_->run_blocking([&](store::Repositories& repos) { repos.nodes.remove(kNode); });
  EXPECT_EQ(authenticate(sign(node())), "UnrecognizedClientException");
}

}  // namespace
}  // namespace postern::auth

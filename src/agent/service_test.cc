#include "agent/service.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include "agent/registration.h"
#include "net/error.h"
#include "net/http_server.h"
#include "net/testing/certificate.h"
#include "net/testing/run.h"

namespace postern::agent {
namespace {

TEST(ServiceError, ReadsTheCodeBehindItsPrefix) {
  const struct {
    const char* body;
    const char* code;
    const char* what;
  } cases[] = {
      {R"({"__type":"com.amazonaws.ssm#InvalidActivation","message":"no"})", "InvalidActivation",
       "InvalidActivation: no"},
      {R"({"__type":"ActivationExpired","Message":"late"})", "ActivationExpired", "ActivationExpired: late"},
      {R"({"message":"no code"})", "", "the service answered 400: no code"},
      {"<html>bad gateway</html>", "", "the service answered 400: <html>bad gateway</html>"},
      {"[1]", "", "the service answered 400: [1]"},
      {R"({"__type":7})", "", "the service answered 400: "},
  };
  for (const auto& [body, code, what] : cases) {
    const auto error = json_error(400, body);
    EXPECT_EQ(error.code(), code) << body;
    EXPECT_STREQ(error.what(), what) << body;
  }
}

TEST(ServiceError, KeepsLittleOfAHugeBody) {
  EXPECT_LT(std::string(json_error(502, std::string(1'000'000, 'x')).what()).size(), 1000u);
}

TEST(RoleToken, IsReadAsTheServiceWritesIt) {
  const auto token = decode_json_text<RoleToken>(
      R"({"AccessKeyId":"ASIA1","SecretAccessKey":"s","SessionToken":"t","TokenExpirationDate":1730000000.0,)"
      R"("UpdateKeyPair":false})");
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(to_unix_millis(token->token_expiration_date), 1'730'000'000'000);
  EXPECT_EQ(token->credentials().session_token->reveal(), "t");
}

// Official agents end with a crash.
TEST(RoleToken, ControlPlaneTrap3_AnAnswerThatLacksAMemberIsAnError) {
  const auto whole = *parse_json(
      R"({"AccessKeyId":"ASIA1","SecretAccessKey":"s","SessionToken":"t","TokenExpirationDate":1730000000})");
  ASSERT_TRUE(decode_json_text<RoleToken>(boost::json::serialize(whole)));
  for (const auto& member : whole.as_object()) {
    auto some = whole.as_object();
    some.erase(member.key());
    const auto token = decode_json_text<RoleToken>(boost::json::serialize(some));
    ASSERT_FALSE(token) << member.key();
    EXPECT_EQ(token.error().message(), std::string(member.key()) + ": is required");
  }
}

/// A service that answers every request alike.
class Answering final : public net::HttpHandler {
 public:
  net::Response answer;

  net::awaitable<net::Response> handle(net::Request) override { co_return answer; }
  net::awaitable<std::variant<net::Response, net::AcceptUpgrade>> upgrade(net::Request) override {
    co_return answer;
  }
};

/// What create_channel() makes of an answer: the token, or "refused: " and why.
std::string created_channel(unsigned status, std::string body) {
  boost::asio::io_context context;
  const auto certificate = net::testing::make_self_signed({"127.0.0.1"});
  const net::TlsServerContext tls(certificate.certificate_pem, certificate.key_pem);
  const net::TlsClientContext trust(net::testing::write_temporary_file(certificate.certificate_pem));
  Answering service;
  service.answer.status = status;
  service.answer.body = std::move(body);
  net::HttpServer server(context.get_executor(), "127.0.0.1", 0, tls, service);
  const auto url = net::Url::parse("https://127.0.0.1:" + std::to_string(server.port())).value();
  const auto client = net::testing::run(context, connect({url, "us-east-1", &trust, nullptr}));
  try {
    return std::string(
        net::testing::run(context, create_channel(*client, "/v1/control-channel/mi-1",
                                                  create_control_channel_body(), sign_anonymously()))
            .reveal());
  } catch (const ServiceError& error) {
    return std::string("refused: ") + error.what();
  }
}

constexpr const char* kChannelToken =
    R"(<R xmlns="urn:x"><MessageSchemaVersion>1.0</MessageSchemaVersion><TokenValue>t&amp;1</TokenValue></R>)";

TEST(CreateChannel, ControlPlaneTrap1_NothingBut201IsASuccess) {
  EXPECT_EQ(created_channel(201, kChannelToken), "t&1");
  EXPECT_EQ(created_channel(200, kChannelToken),
            std::string("refused: the service answered 200: ") + kChannelToken);
}

TEST(CreateChannel, ControlPlaneTrap2_TheAnswerIsXml) {
  EXPECT_EQ(created_channel(201, R"({"MessageSchemaVersion":"1.0","TokenValue":"t"})"),
            "refused: the service answered 201: the response has no TokenValue");
}

TEST(CreateChannel, ControlPlaneTrap3_AnAnswerWithoutATokenIsAnError) {
  for (const char* body : {"", "<R/>", "<R><TokenValue/></R>"})
    EXPECT_EQ(created_channel(201, body), "refused: the service answered 201: the response has no TokenValue")
        << body;
}

TEST(Registration, ExplainsWhatToDo) {
  const auto explain = [](const auto& failure) {
    return explain_registration_failure(std::make_exception_ptr(failure), "https://service.example");
  };
  const std::pair<std::string, const char*> cases[] = {
      {explain(ServiceError(400, "InvalidActivation", "")), "Check --activation-id"},
      {explain(ServiceError(400, "ActivationExpired", "")), "has expired"},
      {explain(ServiceError(400, "RegistrationLimitExceeded", "")), "as often as it allows"},
      {explain(ServiceError(400, "Strange", "text")), "Strange: text"},
      {explain(boost::system::system_error(net::Errc::kTlsFailed)), "--ca-bundle"},
      {explain(boost::system::system_error(make_error_code(boost::system::errc::connection_refused))),
       "cannot reach https://service.example"},
  };
  for (const auto& [text, part] : cases) EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace
}  // namespace postern::agent

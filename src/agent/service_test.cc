#include "agent/service.h"

#include <gtest/gtest.h>

#include "agent/registration.h"
#include "net/error.h"

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

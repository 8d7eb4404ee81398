#include "auth/jwt.h"

#include <gtest/gtest.h>

#include "auth/test_tokens.h"

namespace postern::auth {
namespace {

namespace json = boost::json;

std::string token_with(const json::object& header, const json::object& claims = {{"sub", "a"}}) {
  return TestSigner::part(header) + '.' + TestSigner::part(claims) + ".c2ln";
}

TEST(Jwt, IsTakenApart) {
  const auto token =
      parse_jwt(token_with({{"alg", "ES256"}, {"kid", "k1"}, {"typ", "JWT"}}, {{"iss", "https://i"}}));
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->algorithm, JwsAlgorithm::kEs256);
  EXPECT_EQ(token->key_id, "k1");
  EXPECT_EQ(unverified_issuer(*token), "https://i");
  EXPECT_EQ(as_text(token->signature), "sig");
  EXPECT_TRUE(parse_jwt(token_with({{"alg", "RS256"}}))) << "a kid is not needed";
}

TEST(Jwt, NoneAndSharedSecretsAreNoSignatures) {
  for (const auto* algorithm :
       {"none", "None", "NONE", "HS256", "HS384", "HS512", "PS256", "RSA1_5", "", "rs256"}) {
    const auto token = parse_jwt(token_with({{"alg", algorithm}}));
    ASSERT_FALSE(token) << algorithm;
    EXPECT_NE(token.error().find("signature algorithm is not taken"), std::string::npos);
  }
  EXPECT_FALSE(parse_jwt(token_with({{"kid", "k"}})));
  EXPECT_FALSE(parse_jwt(token_with({{"alg", nullptr}})));
}

TEST(Jwt, RefusesWhatIsMalformed) {
  const auto header = TestSigner::part({{"alg", "RS256"}});
  const auto claims = TestSigner::part({{"sub", "a"}});
  const std::pair<std::string, const char*> wrong[] = {
      {"", "three parts"},
      {header + '.' + claims, "three parts"},
      {header + '.' + claims + ".c2ln.c2ln", "three parts"},
      {"!." + claims + ".c2ln", "header is not base64url"},
      {header + "=." + claims + ".c2ln", "header is not base64url"},
      {"e30x." + claims + ".c2ln", "header is not JSON"},
      {"W10." + claims + ".c2ln", "header is not a JSON object"},
      {header + ".W10.c2ln", "payload is not a JSON object"},
      {header + '.' + claims + '.', "signature is not base64url"},
      {header + '.' + claims + ".c2l", "signature is not base64url"},
      {token_with({{"alg", "RS256"}, {"crit", {"b64"}}, {"b64", false}}), "critical"},
      {header + '.' + std::string(kMaxTokenBytes, 'A') + ".c2ln", "longer than"},
  };
  for (const auto& [token, problem] : wrong) {
    const auto parsed = parse_jwt(token);
    ASSERT_FALSE(parsed) << token;
    EXPECT_NE(parsed.error().find(problem), std::string::npos) << parsed.error();
  }
}

TEST(Jwt, SurvivesEveryTruncation) {
  const auto token = token_with({{"alg", "RS256"}, {"kid", "k"}}, {{"sub", "a"}, {"aud", {"x", "y"}}});
  for (std::size_t length = 0; length < token.size() - 4; ++length)
    EXPECT_FALSE(parse_jwt(token.substr(0, length))) << length;
}

}  // namespace
}  // namespace postern::auth

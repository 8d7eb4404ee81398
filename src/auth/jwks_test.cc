#include "auth/jwks.h"

#include <gtest/gtest.h>

#include "auth/test_tokens.h"

namespace postern::auth {
namespace {

namespace json = boost::json;

const TestSigner& rsa() {
  static const TestSigner signer("RS256", "rsa-1");
  return signer;
}
const TestSigner& ec() {
  static const TestSigner signer("ES256", "ec-1");
  return signer;
}
const json::object kClaims = {{"sub", "alice"}};

bool verifies(const KeySet& keys, const std::string& token) {
  const auto parsed = parse_jwt(token);
  EXPECT_TRUE(parsed) << token;
  return parsed && keys.verifies(*parsed);
}

TEST(KeySet, VerifiesBothKinds) {
  const auto keys = KeySet::parse(test_key_set({rsa(), ec()}));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 2U);
  EXPECT_TRUE(verifies(*keys, rsa().sign(kClaims)));
  EXPECT_TRUE(verifies(*keys, ec().sign(kClaims)));
  EXPECT_TRUE(verifies(*keys, ec().sign({{"alg", "ES256"}}, kClaims))) << "any key that fits, without a kid";
}

TEST(KeySet, EveryBitOfATokenCounts) {
  const auto keys = KeySet::parse(test_key_set({ec()}));
  const auto token = ec().sign(kClaims);
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char other : {'A', 'B', '.'}) {
      auto changed = token;
      if (changed[at] == other) continue;
      changed[at] = other;
      const auto parsed = parse_jwt(changed);
      EXPECT_FALSE(parsed && keys->verifies(*parsed)) << at;
    }
  }
}

TEST(KeySet, AnotherKeyOrAlgorithmVerifiesNothing) {
  const TestSigner stranger("RS256", "rsa-1");
  const auto keys = KeySet::parse(test_key_set({rsa(), ec()}));
  EXPECT_FALSE(verifies(*keys, stranger.sign(kClaims))) << "the right kid, another key";
  EXPECT_FALSE(verifies(*keys, rsa().sign({{"alg", "RS256"}, {"kid", "other"}}, kClaims)));
  EXPECT_FALSE(verifies(*keys, rsa().sign({{"alg", "ES256"}, {"kid", "rsa-1"}}, kClaims)));
  EXPECT_FALSE(verifies(*keys, ec().sign({{"alg", "RS256"}, {"kid", "ec-1"}}, kClaims)));
  EXPECT_FALSE(verifies(*keys, rsa().sign({{"alg", "RS512"}, {"kid", "rsa-1"}}, kClaims)))
      << "the key is for RS256";
  const auto unknown = parse_jwt(rsa().sign({{"alg", "RS256"}, {"kid", "other"}}, kClaims));
  EXPECT_FALSE(keys->has_key_for(*unknown));
}

TEST(KeySet, PassesOverWhatIsNoSigningKey) {
  auto encryption = rsa().jwk();
  encryption["use"] = "enc";
  auto hmac = json::object{{"kty", "oct"}, {"kid", "h"}, {"k", "c2VjcmV0"}};
  auto short_key = rsa().jwk();
  short_key["n"] = "AQAB";
  auto off_curve = ec().jwk();
  off_curve["x"] = off_curve.at("y");
  auto other_curve = ec().jwk();
  other_curve["crv"] = "secp256k1";
  auto padded = ec().jwk();
  padded["x"] = std::string(padded.at("x").as_string()) + "AA";
  auto pss = rsa().jwk();
  pss["alg"] = "PS256";
  const json::array keys = {encryption, hmac,   short_key, off_curve, other_curve,   padded,
                            pss,        "text", 1,         nullptr,   json::object{}};
  const auto set = KeySet::parse(json::serialize(json::object{{"keys", keys}}));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->size(), 0U);
}

TEST(KeySet, RefusesWhatIsNoKeySet) {
  for (const auto* text : {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "<html>"})
    EXPECT_FALSE(KeySet::parse(text)) << text;
}

TEST(Discovery, IsTheProvidersOwn) {
  const auto* text = R"({"issuer":"https://id.example/x","jwks_uri":"https://keys.example/k","more":1})";
  const auto found = parse_discovery(text, "https://id.example/x");
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->jwks_uri, "https://keys.example/k");
  EXPECT_NE(parse_discovery(text, "https://id.example/").error().find("another issuer"), std::string::npos);
  EXPECT_FALSE(parse_discovery(R"({"issuer":"https://i","jwks_uri":"http://i/k"})", "https://i"));
  EXPECT_FALSE(parse_discovery(R"({"issuer":"https://i","jwks_uri":"file:///etc/passwd"})", "https://i"));
  EXPECT_FALSE(parse_discovery(R"({"issuer":"https://i"})", "https://i"));
  EXPECT_FALSE(parse_discovery("{", "https://i"));
  EXPECT_EQ(discovery_url("https://i"), "https://i/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://i/x/"), "https://i/x/.well-known/openid-configuration");
}

}  // namespace
}  // namespace postern::auth

#include "auth/web_identity.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace postern::auth {
namespace {

namespace json = boost::json;

const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);
constexpr std::int64_t kNowSeconds = 1'795'000'000;
constexpr auto kProvider = "https://id.example/realm";
const std::vector<std::string> kClients = {"postern", "other"};

json::object good() {
  return {{"iss", kProvider},
          {"aud", "postern"},
          {"sub", "alice"},
          {"exp", kNowSeconds + 300},
          {"iat", kNowSeconds - 1}};
}

std::expected<WebIdentity, aws::ApiError> read(json::object claims) {
  Jwt token;
  token.claims = std::move(claims);
  return read_web_identity(token, kProvider, kClients, kNow);
}

json::object with(std::string_view name, json::value value) {
  auto claims = good();
  claims[name] = std::move(value);
  return claims;
}

json::object without(std::string_view name) {
  auto claims = good();
  claims.erase(name);
  return claims;
}

/// The error's code and what it says after "not valid: ".
std::string error_of(json::object claims) {
  const auto result = read(std::move(claims));
  if (result) return "accepted";
  const auto colon = result.error().message.find(": ");
  return result.error().code + ": " + result.error().message.substr(colon + 2);
}

TEST(WebIdentity, SaysWhoItIs) {
  auto claims = good();
  claims["groups"] = json::array{"dev", "ops"};
  claims["email_verified"] = true;
  claims["level"] = 3;
  claims["address"] = json::object{{"city", "x"}};
  const auto identity = read(claims);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->provider, "id.example/realm");
  EXPECT_EQ(identity->subject, "alice");
  EXPECT_EQ(identity->audience, "postern");
  EXPECT_EQ(identity->expires, kNow + std::chrono::seconds(300));
  const std::map<std::string, std::vector<std::string>> expected = {
      {"email_verified", {"true"}}, {"groups", {"dev", "ops"}}, {"level", {"3"}}};
  EXPECT_EQ(identity->claims, expected);
}

TEST(WebIdentity, EachNameOfAClaimCountsOnceWhateverItsCase) {
  auto claims = good();
  claims["groups"] = json::array{"dev"};
  claims["Groups"] = json::array{"admin"};
  for (const auto* own : {"Sub", "AUD", "oaud", "Oaud", "Iss", "AZP"}) claims[own] = "mallory";
  const auto identity = read(claims);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->subject, "alice");
  EXPECT_EQ(identity->claims, (std::map<std::string, std::vector<std::string>>{{"groups", {"dev"}}}));
}

TEST(WebIdentity, RefusesWhatIsNotForUsNow) {
  EXPECT_EQ(error_of(with("iss", "https://id.example")),
            "InvalidIdentityToken: its iss is not the provider's URL.");
  EXPECT_EQ(error_of(without("iss")), "InvalidIdentityToken: its iss is not the provider's URL.");
  EXPECT_EQ(error_of(without("sub")), "InvalidIdentityToken: it has no sub.");
  EXPECT_EQ(error_of(with("sub", 7)), "InvalidIdentityToken: it has no sub.");
  EXPECT_EQ(error_of(without("exp")), "InvalidIdentityToken: it has no exp.");
  EXPECT_EQ(error_of(with("exp", "soon")), "InvalidIdentityToken: its exp is not a number.");
  EXPECT_EQ(error_of(with("exp", 1e300)), "InvalidIdentityToken: its exp is not a time.");
  EXPECT_EQ(error_of(with("exp", -1)), "InvalidIdentityToken: its exp is not a time.");
  EXPECT_TRUE(error_of(with("exp", kNowSeconds)).starts_with("ExpiredWebIdentityToken: "));
  EXPECT_EQ(error_of(without("iat")), "InvalidIdentityToken: it has no iat.");
  EXPECT_EQ(error_of(with("iat", kNowSeconds + 61)), "InvalidIdentityToken: its iat is in the future.");
  EXPECT_EQ(error_of(with("iat", kNowSeconds + 59)), "accepted");
  EXPECT_EQ(error_of(with("nbf", kNowSeconds + 61)),
            "InvalidIdentityToken: it is not valid yet, by its nbf.");
  EXPECT_EQ(error_of(with("nbf", kNowSeconds - 5.5)), "accepted");
}

TEST(WebIdentity, TheAudienceIsAClientOfTheProvider) {
  EXPECT_EQ(error_of(without("aud")), "InvalidIdentityToken: it has no aud.");
  EXPECT_TRUE(
      error_of(with("aud", "stranger")).starts_with("InvalidIdentityToken: its audience is not a client id"));
  EXPECT_EQ(error_of(with("aud", json::array{"postern", "api"})),
            "InvalidIdentityToken: it has several aud and no azp.");
  auto several = with("aud", json::array{"api", "postern"});
  several["azp"] = "other";
  const auto identity = read(several);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->audience, "other");
  EXPECT_EQ(identity->audiences, (std::vector<std::string>{"api", "postern"}));
  several["azp"] = "api";
  EXPECT_TRUE(error_of(several).starts_with("InvalidIdentityToken: its audience is not a client id"));
  several["azp"] = 1;
  EXPECT_EQ(error_of(several), "InvalidIdentityToken: its azp is not a text.");
}

TEST(WebIdentity, CarriesSessionTagsEitherWay) {
  const json::object tags{{"Project", json::array{"Automation"}}, {"Cost", json::array{"9"}}};
  const auto nested =
      read(with("https://aws.amazon.com/tags",
                json::object{{"principal_tags", tags}, {"transitive_tag_keys", json::array{"Project"}}}));
  ASSERT_TRUE(nested) << nested.error().message;
  EXPECT_EQ(nested->tags, (std::map<std::string, std::string>{{"Project", "Automation"}, {"Cost", "9"}}));
  EXPECT_EQ(nested->transitive_tag_keys, std::vector<std::string>{"Project"});
  EXPECT_TRUE(nested->claims.empty());
  auto flat = with("https://aws.amazon.com/tags/principal_tags/Project", "Automation");
  flat["https://aws.amazon.com/tags/transitive_tag_keys"] = json::array{"Project"};
  flat["https://aws.amazon.com/source_identity"] = "alice@example";
  const auto read_flat = read(flat);
  ASSERT_TRUE(read_flat);
  EXPECT_EQ(read_flat->tags, (std::map<std::string, std::string>{{"Project", "Automation"}}));
  EXPECT_EQ(read_flat->transitive_tag_keys, std::vector<std::string>{"Project"});
  EXPECT_EQ(read_flat->source_identity, "alice@example");
}

TEST(WebIdentity, RefusesTagsThatAreNone) {
  const std::string_view claim = "https://aws.amazon.com/tags";
  EXPECT_FALSE(read(with(claim, "text")));
  EXPECT_FALSE(read(with(claim, json::object{{"principal_tags", "text"}})));
  const json::object two{{"A", json::array{"1", "2"}}};
  EXPECT_EQ(error_of(with(claim, json::object{{"principal_tags", two}})),
            "InvalidIdentityToken: its session tag A must have exactly one value.");
}

}  // namespace
}  // namespace postern::auth

#include "base/json_codec.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

struct Inner {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string key;
  std::vector<std::string> value_set;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (key, value_set))

struct Outer {
  std::string instance_id;
  std::optional<std::string> ip_address;
  std::optional<int> max_results;
  std::vector<Inner> filters;
  std::map<std::string, std::vector<std::string>> parameters;
  std::optional<Timestamp> expiration_date;
  std::optional<bool> enabled;
  std::optional<double> ratio;
};
BOOST_DESCRIBE_STRUCT(Outer, (),
                      (instance_id, ip_address, max_results, filters, parameters, expiration_date, enabled,
                       ratio))

TEST(WireName, ControlPlaneTrap42_KnowsTheWordsAwsCapitalises) {
  EXPECT_EQ(wire_name("ip_address", MemberNames::kPascal), "IPAddress");
  EXPECT_EQ(wire_name("ssm_connection_channel", MemberNames::kPascal), "SSMConnectionChannel");
  EXPECT_EQ(wire_name("instance_id", MemberNames::kPascal), "InstanceId");
  EXPECT_EQ(wire_name("value_set", MemberNames::kCamel), "valueSet");
}

TEST(JsonCodec, RoundTrips) {
  const std::string text =
      R"({"InstanceId":"mi-1","IPAddress":"10.0.0.1","MaxResults":5,"Filters":[{"key":"a","valueSet":["b","c"]}],)"
      R"("Parameters":{"portNumber":["22"]},"ExpirationDate":1.7295918725E9,"Enabled":true})";
  const auto decoded = decode_json_text<Outer>(text);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->filters.at(0).value_set.at(1), "c");
  EXPECT_EQ(to_unix_micros(*decoded->expiration_date), 1'729'591'872'500'000);
  EXPECT_EQ(encode_json_text(*decoded), text);
}

TEST(JsonCodec, IgnoresUnknownMembersAndLeavesOutEmptyOptionals) {
  const auto decoded = decode_json_text<Outer>(R"({"InstanceId":"x","Surprise":[1,2],"IPAddress":null})");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_json_text(*decoded), R"({"InstanceId":"x","Filters":[],"Parameters":{}})");
}

TEST(JsonCodec, SaysWhereAndWhatWasWrong) {
  const struct {
    const char* body;
    const char* message;
  } cases[] = {
      {R"({})", "InstanceId: is required"},
      {R"({"InstanceId":7})", "InstanceId: expected a string, found a number"},
      {R"({"InstanceId":"x","MaxResults":"5"})", "MaxResults: expected an integer, found a string"},
      {R"({"InstanceId":"x","MaxResults":99999999999})", "MaxResults: not an integer in range"},
      {R"({"InstanceId":"x","MaxResults":1.5})", "MaxResults: not an integer in range"},
      {R"({"InstanceId":"x","Filters":[{"key":"a"},{"key":1}]})",
       "Filters[1].key: expected a string, found a number"},
      {R"({"InstanceId":"x","ExpirationDate":"soon"})",
       "ExpirationDate: expected epoch seconds or an ISO-8601 time"},
      {R"({"InstanceId":"x","ExpirationDate":1e300})", "ExpirationDate: time out of range"},
      {R"({"InstanceId":"x","Ratio":1e999999})", "Ratio: number out of range"},
      {R"([])", "expected an object, found a list"},
  };
  for (const auto& [body, message] : cases) {
    const auto decoded = decode_json_text<Outer>(body);
    ASSERT_FALSE(decoded) << body;
    EXPECT_EQ(decoded.error().message(), message);
  }
}

TEST(ParseJson, RefusesGarbageDepthAndTrailers) {
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json("{'a':1}"));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
}

}  // namespace
}  // namespace postern

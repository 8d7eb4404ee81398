#include "aws/codec.h"

#include <gtest/gtest.h>

namespace postern::aws {
namespace {

struct Tag {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const Tag&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

struct Everything {
  std::string role_name;
  std::optional<int> max_items;
  std::optional<bool> force;
  std::optional<Timestamp> since;
  std::vector<std::string> actions;
  std::vector<Tag> tags;
  std::map<std::string, std::string> context;
  std::optional<Tag> owner;
  bool operator==(const Everything&) const = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (role_name, max_items, force, since, actions, tags, context, owner))

struct Filters {
  std::vector<std::string> instance_id;
  std::vector<Tag> filter;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (instance_id, filter))

struct Reservation {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string reservation_id;
  std::optional<Timestamp> launch_time;
};
BOOST_DESCRIBE_STRUCT(Reservation, (), (reservation_id, launch_time))

struct Reservations {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::vector<Reservation> reservation_set;
};
BOOST_DESCRIBE_STRUCT(Reservations, (), (reservation_set))

constexpr std::string_view kSts = "https://sts.amazonaws.com/doc/2011-06-15/";

TEST(ParseForm, DecodesNamesAndValues) {
  const auto form = parse_form("Action=Get%2b&&A+B=c+d&empty=&bare&x=1&x=2=3");
  ASSERT_TRUE(form);
  EXPECT_EQ(*form, (Form{{"Action", "Get+"}, {"A B", "c d"}, {"empty", ""}, {"bare", ""}, {"x", "2=3"}}));
  EXPECT_EQ(parse_form(""), Form{});
}

TEST(ParseForm, RefusesBadEscapesAndTooManyMembers) {
  for (const auto* text : {"a=%", "a=%1", "a=%zz", "%g0=1"}) EXPECT_FALSE(parse_form(text)) << text;
  std::string many;
  for (std::size_t i = 0; i < kMaxFormMembers; ++i) many += "a=1&";
  EXPECT_TRUE(parse_form(many));
  EXPECT_FALSE(parse_form(many + "a=1"));
}

TEST(DecodeQuery, ReadsEveryKindOfMember) {
  const auto form = parse_form(
      "Action=Op&RoleName=r&MaxItems=7&Force=true&Since=2024-10-22T10:11:12Z&Actions.member.1=a&Actions."
      "member.2=b&"
      "Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=only&Context.entry.1.key=x&Context.entry."
      "1.value=y&"
      "Owner.Key=me&Actions.member.4=after-a-gap");
  const auto decoded = decode_query<Everything>(*form);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(*decoded, (Everything{"r",
                                  7,
                                  true,
                                  from_iso8601("2024-10-22T10:11:12Z"),
                                  {"a", "b"},
                                  {{"k", "v"}, {"only", std::nullopt}},
                                  {{"x", "y"}},
                                  Tag{"me", std::nullopt}}));
}

TEST(DecodeQuery, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const auto& test : std::initializer_list<Case>{
           {"", "RoleName: is required"},
           {"RoleName.member.1=x", "RoleName: is required"},
           {"RoleName=r&MaxItems=7x", "MaxItems: expected a number in range"},
           {"RoleName=r&MaxItems=99999999999", "MaxItems: expected a number in range"},
           {"RoleName=r&Force=yes", "Force: expected true or false"},
           {"RoleName=r&Since=now", "Since: expected an ISO-8601 time"},
           {"RoleName=r&Tags.member.1.Value=v", "Tags.member.1.Key: is required"},
           {"RoleName=r&Context.entry.1.key=k", "Context.entry.1.value: is required"},
       }) {
    const auto decoded = decode_query<Everything>(*parse_form(test.text));
    ASSERT_FALSE(decoded) << test.text;
    EXPECT_EQ(decoded.error().message(), test.message);
  }
}

TEST(DecodeEc2Query, CountsListsWithoutMember) {
  const auto decoded = decode_ec2_query<Filters>(
      *parse_form("InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Key=k&Filter.1.Value=v"));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->instance_id, (std::vector<std::string>{"i-1", "i-2"}));
  EXPECT_EQ(decoded->filter, (std::vector<Tag>{{"k", "v"}}));
}

TEST(EncodeQueryResponse, WrapsTheResult) {
  Everything result{
      "<r>",        7,           false, from_iso8601("2024-10-22T10:11:12.5Z"), {"a"}, {{"k", "v"}},
      {{"x", "y"}}, std::nullopt};
  EXPECT_EQ(
      encode_query_response("GetRole", kSts, result, "id-1"),
      R"(<GetRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetRoleResult>)"
      "<RoleName>&lt;r&gt;</RoleName><MaxItems>7</MaxItems><Force>false</Force><Since>2024-10-22T10:11:12Z</"
      "Since>"
      "<Actions><member>a</member></Actions><Tags><member><Key>k</Key><Value>v</Value></member></Tags>"
      "<Context><entry><key>x</key><value>y</value></entry></Context>"
      "</GetRoleResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetRoleResponse>");
}

TEST(EncodeEc2Response, PutsMembersIntoTheRoot) {
  const Reservations result{{{"r-1", from_iso8601("2024-10-22T10:11:12.5Z")}}};
  EXPECT_EQ(
      encode_ec2_response("DescribeInstances", "http://ec2/", result, "id-1"),
      R"(<DescribeInstancesResponse xmlns="http://ec2/"><requestId>id-1</requestId><reservationSet><item>)"
      "<reservationId>r-1</reservationId><launchTime>2024-10-22T10:11:12.500Z</launchTime>"
      "</item></reservationSet></DescribeInstancesResponse>");
}

TEST(ErrorBodies, ControlPlaneTrap42_HaveEachProtocolsShapeAndNames) {
  const auto denied = kAccessDenied("no <way>");
  EXPECT_EQ(json_error_body(denied), R"({"__type":"AccessDeniedException","message":"no <way>"})");
  EXPECT_EQ(query_error_body(denied, kSts, "id-1"),
            R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>)"
            "<Code>AccessDenied</Code><Message>no "
            "&lt;way&gt;</Message></Error><RequestId>id-1</RequestId></ErrorResponse>");
  EXPECT_EQ(
      ec2_error_body(denied, "id-1"),
      "<Response><Errors><Error><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message></Error></Errors>"
      "<RequestID>id-1</RequestID></Response>");
  EXPECT_EQ(rest_xml_error_body(denied),
            "<AccessDeniedException><Message>no &lt;way&gt;</Message></AccessDeniedException>");
}

TEST(AsQueryError, RenamesAndKeepsTheRest) {
  struct Case {
    ErrorCode from;
    const char* code;
    unsigned status;
  };
  for (const auto& test :
       std::initializer_list<Case>{{kAccessDenied, "AccessDenied", 403},
                                   {kInvalidSignature, "SignatureDoesNotMatch", 403},
                                   {kIncompleteSignature, "IncompleteSignature", 400},
                                   {kMissingAuthenticationToken, "MissingAuthenticationToken", 403},
                                   {kUnrecognizedClient, "InvalidClientTokenId", 403},
                                   {kExpiredToken, "ExpiredToken", 403},
                                   {kUnknownOperation, "InvalidAction", 400},
                                   {kValidation, "ValidationError", 400},
                                   {kThrottling, "Throttling", 400},
                                   {kInternalServerError, "InternalFailure", 500},
                                   {{"NoSuchEntity", 404}, "NoSuchEntity", 404}}) {
    const auto named = as_query_error(test.from("text"));
    EXPECT_EQ(named.code, test.code);
    EXPECT_EQ(named.status, test.status);
    EXPECT_EQ(named.message, "text");
  }
}

TEST(EscapeXml, ReplacesWhatXmlCantCarry) {
  EXPECT_EQ(escape_xml("a<b>&\"'\r\n\t"), "a&lt;b&gt;&amp;&quot;&apos;&#13;\n\t");
  EXPECT_EQ(escape_xml(std::string_view("\0\x1b", 2)), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_xml("\xe1\x88\xb4\xf0\x9f\x98\x80"), "\xe1\x88\xb4\xf0\x9f\x98\x80");
  // Overlong, a surrogate, cut short, U+FFFE: one replacement a byte.
  EXPECT_EQ(escape_xml("\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_xml("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_xml("\xe1\x88"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_xml("\xef\xbf\xbe"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(XmlElementText, FindsAnElementByItsLocalName) {
  EXPECT_EQ(
      xml_element_text("<R xmlns='urn:x'><V>1.0</V><TokenValue>AA&amp;E=</TokenValue></R>", "TokenValue"),
      "AA&E=");
  EXPECT_EQ(xml_element_text("<a:R xmlns:a='urn:x'><a:T>t</a:T></a:R>", "T"), "t");
  EXPECT_EQ(xml_element_text("<R><T>first</T><T>second</T></R>", "T"), "first");
  EXPECT_EQ(xml_element_text("<R><T>a<U>b</U>c</T></R>", "T"), "ac");
  EXPECT_EQ(xml_element_text("<R><T/></R>", "T"), "");
}

TEST(XmlElementText, RefusesAbsentElementsBrokenDocumentsAndDoctypes) {
  for (const auto* xml : {"", "text", "<R></R>", "<R><T>t</T>", "<R><T>t</R></T>", "<R><T>t</T></R><more/>",
                          "<!DOCTYPE R [<!ENTITY e 'x'>]><R><T>&e;</T></R>"}) {
    EXPECT_EQ(xml_element_text(xml, "T"), std::nullopt) << xml;
  }
}

}  // namespace
}  // namespace postern::aws

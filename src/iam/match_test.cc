#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "iam/arn_pattern.h"
#include "iam/context.h"
#include "iam/glob.h"
#include "iam/operators.h"
#include "iam/text.h"
#include "iam/text_template.h"
#include "iam/values.h"

namespace postern::iam {
namespace {

bool matches(std::string_view pattern, std::string_view subject) {
  const bool match = glob_match(encode_wildcards(pattern), subject);
  EXPECT_EQ(Glob(encode_wildcards(pattern)).matches(subject), match) << pattern << " on " << subject;
  return match;
}

// The definition, at any price.
bool slow_match(std::string_view pattern, std::string_view subject) {
  if (pattern.empty()) return subject.empty();
  if (pattern.front() == '*')
    return slow_match(pattern.substr(1), subject) ||
           (!subject.empty() && slow_match(pattern, subject.substr(1)));
  return !subject.empty() && (pattern.front() == '?' || pattern.front() == subject.front()) &&
         slow_match(pattern.substr(1), subject.substr(1));
}

TEST(Glob, AgreesWithItsDefinition) {
  std::mt19937 random(7);
  const auto text = [&](std::string_view letters, std::size_t most) {
    std::string out(random() % (most + 1), ' ');
    for (auto& c : out) c = letters[random() % letters.size()];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto pattern = text("ab*?", 7);
    const auto subject = text("ab", 9);
    const bool expected = slow_match(pattern, subject);
    matched += expected ? 1 : 0;
    ASSERT_EQ(matches(pattern, subject), expected) << pattern << " on " << subject;
  }
  EXPECT_GT(matched, 1'000);
}

TEST(Glob, TakesCharactersNotBytes) {
  EXPECT_TRUE(matches("?", "😀"));
  EXPECT_TRUE(matches("*?x", "aéx"));
  EXPECT_TRUE(matches("é?*", "éé"));
  EXPECT_FALSE(matches("??", "é"));
  EXPECT_FALSE(matches("*??", "é"));
}

TEST(Glob, IsNotMadeSlowByManyWildcards) {
  std::string pattern;
  for (int i = 0; i < 1'000; ++i) pattern += "*a";
  const std::string subject(100'000, 'a');
  EXPECT_FALSE(matches(pattern + "*b", subject));
  EXPECT_TRUE(matches(pattern, subject));
  // A search that starts again at each place: 10^9 steps if it were not linear.
  EXPECT_FALSE(matches("*" + std::string(50'000, 'a') + "b*", subject));
}

TEST(ArnPattern, KeepsComponentsApart) {
  EXPECT_TRUE(arn_matches(encode_wildcards("arn:aws:iam::*:role/*"), "arn:aws:iam::1:role/a:b"));
  EXPECT_FALSE(arn_matches(encode_wildcards("arn:aws:*:role/*"), "arn:aws:iam::1:role/a"));
  EXPECT_FALSE(arn_matches(encode_wildcards("*:*:*:*:*:*"), "urn:a:b:c:d:e"));
  EXPECT_TRUE(is_arn_pattern("arn:*:*:*:*:*"));
  EXPECT_FALSE(is_arn_pattern("*"));
}

TEST(Operators, AreReadAndWritten) {
  for (const auto* name :
       {"StringEquals", "ForAllValues:StringNotLikeIfExists", "ForAnyValue:ArnLike",
        "NumericGreaterThanEqualsIfExists", "NotIpAddress", "Null", "BinaryEqualsIfExists"}) {
    const auto op = parse_operator(name);
    ASSERT_TRUE(op) << name;
    EXPECT_EQ(to_string(*op), name);
  }
  EXPECT_EQ(parse_operator("foranyvalue:STRINGLIKE"), parse_operator("ForAnyValue:StringLike"));
  for (const auto* name : {"", "IfExists", "ForAllValues:", "StringEqual", "NullIfExists",
                           "ForAllValues:ForAnyValue:Bool", "StringEqualsIfExistsIfExists", "NotBool"}) {
    EXPECT_FALSE(parse_operator(name)) << name;
  }
}

TEST(Values, DecimalsAreExact) {
  EXPECT_EQ(parse_decimal("-0.50"), (Decimal{0, -500'000'000'000'000'000}));
  EXPECT_LT(*parse_decimal("9007199254740992"), *parse_decimal("9007199254740993"));
  EXPECT_LT(*parse_decimal("-2"), *parse_decimal("-1.999"));
  EXPECT_EQ(parse_decimal("+007"), parse_decimal("7.0"));
  for (const auto* text :
       {"", "-", ".", "1.", ".5", "1e3", "0x10", " 1", "1 ", "1.2.3", "1234567890123456789", "NaN"})
    EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(Values, DatesInTheirForms) {
  const auto day = parse_date("2024-02-29");
  ASSERT_TRUE(day);
  EXPECT_EQ(parse_date("2024-02-29T00:00Z"), day);
  EXPECT_EQ(parse_date("2024-02-28T22:00:00.000-02:00"), day);
  EXPECT_EQ(parse_date("1709164800"), day);
  EXPECT_EQ(parse_date("2024"), parse_date("2024-01-01"));
  for (const auto* text : {"", "2023-02-29", "2024-13", "2024-1-1", "2024-01-01T", "2024-01-01T24:00Z",
                           "2024-01-01T00:00", "2024-01-01T00:00:60Z", "2024-01-01 00:00Z",
                           "2024-01-01T00:00:00.Z", "2024-01-01T00:00Zx", "999999999999999999", "now"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(Values, AddressesAndRanges) {
  EXPECT_EQ(parse_ip("::ffff:10.0.0.1"), parse_ip("10.0.0.1"));
  EXPECT_EQ(parse_ip_range("::ffff:10.0.0.0/104"), parse_ip_range("10.0.0.0/8"));
  EXPECT_TRUE(parse_ip_range("2001:db8::/33")->contains(*parse_ip("2001:db8:7fff::1")));
  EXPECT_FALSE(parse_ip_range("2001:db8::/33")->contains(*parse_ip("2001:db8:8000::1")));
  EXPECT_TRUE(parse_ip_range("2001:db8::/65")->contains(*parse_ip("2001:db8:0:0:7fff::1")));
  EXPECT_FALSE(parse_ip_range("2001:db8::/65")->contains(*parse_ip("2001:db8:0:0:8000::1")));
  EXPECT_FALSE(parse_ip_range("2001:db8::/65")->contains(*parse_ip("2001:db9::1")));
  EXPECT_TRUE(parse_ip_range("2001:db8::1")->contains(*parse_ip("2001:db8::1")));
  EXPECT_FALSE(parse_ip_range("2001:db8::1")->contains(*parse_ip("2001:db8::2")));
  EXPECT_TRUE(parse_ip_range("203.0.113.7")->contains(*parse_ip("203.0.113.7")));
  EXPECT_FALSE(parse_ip_range("203.0.113.7")->contains(*parse_ip("203.0.113.6")));
  EXPECT_TRUE(parse_ip_range("0.0.0.0/0")->contains(*parse_ip("255.255.255.255")));
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129",
                           "::ffff:0:0/95", "10.0.0.0/8/8", "fe80::1%eth0", "10.0.0.0/0008"}) {
    EXPECT_FALSE(parse_ip_range(text)) << text;
  }
}

TEST(TextTemplate, RefusesValuesThatAreNoText) {
  Context context;
  context.add("aws:username", "\xFF");
  std::string scratch;
  const TextTemplate text("${aws:username}", Wildcards::kYes, Variables::kYes);
  EXPECT_FALSE(text.matches("anything", {nullptr, &context}, scratch));
}

TEST(TextTemplate, FindsFaults) {
  EXPECT_FALSE(find_template_fault("${aws:username} $ {} ${*}${aws:PrincipalTag/a b, 'it}s'}"));
  for (const auto* text : {"${", "${}", "${aws}", "${aws:}", "${aws:username, x}", "${aws:username 'x'}",
                           "${aws:username, 'x}", "${${*}}", "${**}"}) {
    EXPECT_TRUE(find_template_fault(text)) << text;
  }
  EXPECT_EQ(variable_names("${a:b}${*}${c:d, 'e'}"), (std::vector<std::string>{"a:b", "c:d"}));
}

TEST(Context, KeepsAKeysValuesTogether) {
  Context context;
  context.add("aws:TagKeys", "a");
  context.add("aws:username", "ana");
  context.add("AWS:tagkeys", "b");
  const auto values = context.find(ContextKey("aws:tagKEYS"));
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].value, "a");
  EXPECT_EQ(values[1].value, "b");
  EXPECT_TRUE(context.find(ContextKey("aws:TagKey")).empty());
}

TEST(Context, FindsWellKnownKeysAndOthersWhateverTheOrder) {
  const std::vector<std::string> keys = {"aws:SourceIp", "aws:PrincipalTag/Team", "AWS:USERNAME", "x",
                                         "aws:TagKeys",  "aws:CurrentTime",       "X:y"};
  Context context;
  for (int round = 0; round < 2; ++round) {
    // Each key gets two values, the second between those of others.
    for (const auto* value : {"1", "2"}) {
      for (const auto& key : keys) context.add(key, value);
    }
    for (const auto& key : keys) {
      const auto values = context.find(ContextKey(folded(key)));
      ASSERT_EQ(values.size(), 2U) << key;
      EXPECT_EQ(values[0].value, "1") << key;
      EXPECT_EQ(values[1].value, "2") << key;
    }
    EXPECT_TRUE(context.find(ContextKey("aws:userid")).empty());
    context.clear();
    EXPECT_TRUE(context.find(ContextKey("aws:SourceIp")).empty());
  }
}

}  // namespace
}  // namespace postern::iam

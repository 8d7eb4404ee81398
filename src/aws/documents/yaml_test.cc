#include "aws/documents/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace postern::aws {
namespace {

struct Good {
  const char* yaml;
  const char* json;
};

TEST(ParseYaml, GivesWhatJsonWouldHold) {
  const Good cases[] = {
      {"a: b\n", R"({"a":"b"})"},
      {"---\nschemaVersion: '1.0'\nn: 1.5\n", R"({"schemaVersion":"1.0","n":1.5})"},
      {"a: 1\nb: -7\nc: 1e2\n", R"({"a":1,"b":-7,"c":1e2})"},
      {"a: true\nb: False\nc: null\nd: ~\ne:\n", R"({"a":true,"b":false,"c":null,"d":null,"e":null})"},
      // What only YAML 1.1 takes for something else is text.
      {"a: yes\nb: no\nc: 0x10\nd: 012\ne: 2026-01-31\nf: 1_000\ng: .5\n",
       R"({"a":"yes","b":"no","c":"0x10","d":"012","e":"2026-01-31","f":"1_000","g":".5"})"},
      {"a: 'true'\nb: \"5\"\nc: !!str 5\n", R"({"a":"true","b":"5","c":"5"})"},
      {"a: [1, x, {b: c}]\n", R"({"a":[1,"x",{"b":"c"}]})"},
      {"a: |\n  one\n  two\nb: >-\n  one\n  two\n", R"({"a":"one\ntwo\n","b":"one two"})"},
      {"a: '{{ name }}'\n", R"({"a":"{{ name }}"})"},
      {"linux: &x {commands: ls}\nmacos: *x\n", R"({"linux":{"commands":"ls"},"macos":{"commands":"ls"}})"},
      {"{\"a\": [\"b\", 2]}", R"({"a":["b",2]})"},
      {"text", R"("text")"},
  };
  for (const auto& [yaml, json] : cases) {
    const auto parsed = parse_yaml(yaml);
    ASSERT_TRUE(parsed) << yaml << parsed.error().message();
    EXPECT_EQ(*parsed, boost::json::parse(json)) << yaml;
  }
}

struct Bad {
  const char* yaml;
  const char* problem;
};

TEST(ParseYaml, SaysWhereAndWhatIsWrong) {
  const Bad cases[] = {
      {"", "it is empty"},
      {"# only a comment\n", "it is empty"},
      {"a: b\n---\nc: d\n", "line 2, column 1: a second document"},
      {"a: 1\na: 2\n", "line 2, column 1: the key a is there twice"},
      {"a: {{ name }}\n", "can't be a key; put a value that begins with {{"},
      {"a: !!binary aGk=\n", "the tag tag:yaml.org,2002:binary is not supported"},
      {"a: !mine x\n", "the tag !mine is not supported"},
      {"base: &b {x: 1}\nc:\n  <<: *b\n", "line 3, column 3: merge keys"},
      {"a: &a [*a]\n", "the alias *a names no value that is complete before it"},
      {"a: *nothing\n", "line 1, column 4: the alias *nothing names no value"},
      {"~: x\n", "expected a key"},
      {"a: [1, 2\n", "line 2"},
      {"a: 'x\n", "line 2"},
      {"\ta: b\n", "line 1"},
      {"a: 'x", "line 1"},
      {"? [a]\n: b\n", "can't be a key"},
      {"&k a: b\n", "a key can't be an anchor"},
      {"a: \xff\n", "byte 3"},
  };
  for (const auto& [yaml, problem] : cases) {
    const auto parsed = parse_yaml(yaml);
    ASSERT_FALSE(parsed) << yaml;
    EXPECT_TRUE(parsed.error().message().starts_with("not valid YAML: ")) << parsed.error().message();
    EXPECT_NE(parsed.error().message().find(problem), std::string::npos) << parsed.error().message();
  }
  EXPECT_FALSE(parse_yaml(std::string_view("a: b\0", 5)));
  EXPECT_FALSE(
      parse_yaml(std::string_view("\xff\xfe"
                                  "a\0",
                                  4)));
}

TEST(ParseYaml, IsBounded) {
  const auto deep = std::string(kMaxYamlDepth + 1, '[') + std::string(kMaxYamlDepth + 1, ']');
  EXPECT_NE(parse_yaml(deep).error().message().find("nested deeper than 32"), std::string::npos);
  EXPECT_FALSE(parse_yaml(std::string(60'000, '[')));
  EXPECT_FALSE(parse_yaml(std::string(60'000, '{')));

  // Each line doubles the one before, nine times over: two to the 30th values when written out.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{}: &a{} [*a{}, *a{}, *a{}, *a{}, *a{}, *a{}, *a{}, *a{}]\n", i, i, i - 1, i - 1,
                        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  }
  EXPECT_NE(parse_yaml(bomb).error().message().find("more than 20000 values"), std::string::npos);

  std::string wide = fmt::format("a: &a {}\nb: [", std::string(20'000, 'x'));
  for (int i = 0; i < 100; ++i) wide += "*a, ";
  EXPECT_NE(parse_yaml(wide + "]\n").error().message().find("bytes of text"), std::string::npos);

  std::string tall = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) tall += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  EXPECT_NE(parse_yaml(tall).error().message().find("nested deeper"), std::string::npos);
}

TEST(WriteYaml, IsReadBackAlike) {
  const char* cases[] = {
      R"({"schemaVersion":"1.0","n":1,"f":1.5,"t":true,"z":null})",
      R"({"a":{},"b":[],"c":{"d":[1,["x",{"y":"z"}],{}]}})",
      R"({"yes":"no","true":"null","1":"2","":" ","-":"- x","a: b":"c #d"})",
      R"({"text":"line one\nline two\n\ttab \"quoted\" \\ back","u":"\u00e9\u2028\u0085\u007f\ufeff\ud83d\ude00"})",
      R"({"p":"{{ name }}","q":"*alias","r":"&anchor","s":"!tag","t":"%d","u":"@x","v":"`y","w":"| z"})",
      R"("just text")",
      R"(["a","b"])",
      R"(-5)",
  };
  for (const auto* json : cases) {
    const auto value = boost::json::parse(json);
    const auto yaml = write_yaml(value);
    const auto again = parse_yaml(yaml);
    ASSERT_TRUE(again) << yaml << again.error().message();
    EXPECT_EQ(*again, value) << yaml;
  }
}

TEST(WriteYaml, IsForPeople) {
  const auto value = boost::json::parse(
      R"({"schemaVersion":"1.0","inputs":{"runAsEnabled":false,"shellProfile":{"linux":"pwd;ls"}},"list":["a b","{{ x }}"],"none":{}})");
  EXPECT_EQ(write_yaml(value),
            "schemaVersion: \"1.0\"\n"
            "inputs:\n"
            "  runAsEnabled: false\n"
            "  shellProfile:\n"
            "    linux: \"pwd;ls\"\n"
            "list:\n"
            "  - a b\n"
            "  - \"{{ x }}\"\n"
            "none: {}\n");
}

TEST(ParseYaml, SurvivesFlippedBitsAndTruncation) {
  const std::string good = "a: &x {b: [1, 'two'], c: \"d\\n\"}\ne: *x\nf: |\n  g\n";
  for (std::size_t i = 0; i < good.size(); ++i) {
    static_cast<void>(parse_yaml(good.substr(0, i)));
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const auto parsed = parse_yaml(bad);
      if (!parsed) {
        EXPECT_FALSE(parsed.error().problem.empty());
      }
    }
  }
}

}  // namespace
}  // namespace postern::aws

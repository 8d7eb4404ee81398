#include "agent/command/split.h"

#include <gtest/gtest.h>

namespace postern::agent {
namespace {

using Words = std::vector<std::string>;

TEST(SplitCommand, SplitsAsShDoes) {
  struct Row {
    std::string line;
    Words words;
  };
  const Row rows[] = {
      {"", {}},
      {" \t\r\n ", {}},
      {"ls", {"ls"}},
      {"  ls \t -l\n/tmp ", {"ls", "-l", "/tmp"}},
      {"echo 'a b' c", {"echo", "a b", "c"}},
      {"echo \"a b\" c", {"echo", "a b", "c"}},
      {"a'b'\"c\"d", {"abcd"}},
      {"'' \"\" x", {"", "", "x"}},
      {"a\\ b", {"a b"}},
      {"\\'\\\"\\\\", {"'\"\\"}},
      {"'a\\b'", {"a\\b"}},
      {"\"a\\b\\\"\\$\\`\\\\\"", {"a\\b\"$`\\"}},
      {"\"a\\\nb\" c\\\nd", {"ab", "cd"}},
      {"'it'\\''s'", {"it's"}},
      {"sh -c 'echo $HOME; exit 3'", {"sh", "-c", "echo $HOME; exit 3"}},
      // Nothing is special that needs a shell.
      {"echo # $x *.c a;b|c&d >e (f) ~", {"echo", "#", "$x", "*.c", "a;b|c&d", ">e", "(f)", "~"}},
      {"\xc3\xa9 '\xff'", {"\xc3\xa9", "\xff"}},
  };
  for (const auto& row : rows) {
    const auto words = split_command(row.line);
    ASSERT_TRUE(words) << row.line << ": " << words.error();
    EXPECT_EQ(*words, row.words) << row.line;
  }
}

TEST(SplitCommand, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> rows[] = {
      {"echo 'a", "in the command line a ' has no counterpart"},
      {"echo \"a'", "in the command line a \" has no counterpart"},
      {"echo \"a\\", "in the command line a \" has no counterpart"},
      {"echo a\\", "in the command line a \\ at the end quotes nothing"},
      {std::string("a\0b", 3), "the command line holds a NUL byte"},
  };
  for (const auto& [line, problem] : rows) {
    const auto words = split_command(line);
    ASSERT_FALSE(words) << line;
    EXPECT_EQ(words.error(), problem) << line;
  }
}

TEST(SplitCommand, GivesBackWhatWasQuoted) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  std::string quoted = "'";
  for (const char c : all) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const auto words = split_command("x " + quoted + "'");
  ASSERT_TRUE(words) << words.error();
  EXPECT_EQ(*words, (Words{"x", all}));
}

}  // namespace
}  // namespace postern::agent

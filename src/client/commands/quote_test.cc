#include "client/commands/quote.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace postern::client {
namespace {

// The split of a shell, as an agent does it (data-channel.md 6.3): quotes and backslashes, nothing else.
std::optional<std::vector<std::string>> split(const std::string& line) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote == '\'' || (quote == '"' && c == '"')) {
      if (c == quote)
        quote = 0;
      else
        *word += c;
    } else if (c == '\\') {
      if (++i == line.size()) return std::nullopt;
      if (quote == '"' && std::string_view("$`\"\\\n").find(line[i]) == std::string_view::npos) *word += '\\';
      word = word.value_or("") + line[i];
    } else if (c == '"' || (c == '\'' && quote == 0)) {
      quote = c;
      word = word.value_or("");
    } else if (blank && quote == 0) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else {
      word = word.value_or("") + c;
    }
  }
  if (quote != 0) return std::nullopt;
  if (word) words.push_back(*word);
  return words;
}

TEST(QuoteCommand, LeavesPlainWordsAlone) {
  EXPECT_EQ(quote_command({"ls", "-l", "/var/log/a.log", "A=b"}), "ls -l /var/log/a.log A=b");
  EXPECT_EQ(quote_command({"echo", "", "it's", "$HOME"}), R"(echo '' 'it'\''s' '$HOME')");
}

TEST(QuoteCommand, IsTakenApartIntoTheSameWords) {
  std::mt19937 random(20240601);
  // Mostly what is special to some shell, and bytes that are no text.
  const std::string_view special = "'\"\\ \t\n\r$`;&|<>(){}[]*?!#~%=\x01\x7f\xc3\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> words(1 + random() % 4);
    for (auto& word : words) {
      for (auto size = random() % 8; size > 0; --size)
        word += random() % 3 == 0 ? 'a' : special[random() % special.size()];
    }
    ASSERT_EQ(split(quote_command(words)), words) << quote_command(words);
  }
}

}  // namespace
}  // namespace postern::client

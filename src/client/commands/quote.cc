#include "client/commands/quote.h"

namespace postern::client {
namespace {

constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,+@";

}  // namespace

std::string quote_word(std::string_view word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  // Inside single quotes every character stands for itself, in every shell and split; only the quote itself
  // has to be outside.
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += R"('\'')";
    else
      quoted += c;
  }
  return quoted + '\'';
}

std::string quote_command(const std::vector<std::string>& arguments) {
  std::string line;
  for (const auto& argument : arguments) {
    if (!line.empty()) line += ' ';
    line += quote_word(argument);
  }
  return line;
}

}  // namespace postern::client

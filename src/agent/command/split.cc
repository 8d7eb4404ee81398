#include "agent/command/split.h"

namespace postern::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// What a backslash quotes within double quotes (POSIX shell, 2.2.3).
constexpr std::string_view kQuotable = "$`\"\\";

/// The state of one pass over a line.
class Splitter {
 public:
  explicit Splitter(std::string_view rest) : rest_(rest) {}

  /// Nothing when the line is no good.
  const char* split() {
    while (!rest_.empty()) {
      const char c = take();
      if (kBlanks.contains(c)) {
        finish_word();
        continue;
      }
      const char* problem = nullptr;
      if (c == '\'') {
        problem = single_quoted();
      } else if (c == '"') {
        problem = double_quoted();
      } else if (c == '\\') {
        problem = escaped();
      } else {
        add(c);
      }
      if (problem != nullptr) return problem;
    }
    finish_word();
    return nullptr;
  }

  std::vector<std::string> words;

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void add(char c) {
    word_ += c;
    in_word_ = true;
  }

  void finish_word() {
    if (in_word_) words.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  const char* single_quoted() {
    const auto end = rest_.find('\'');
    if (end == std::string_view::npos) return "a ' has no counterpart";
    word_ += rest_.substr(0, end);
    in_word_ = true;
    rest_.remove_prefix(end + 1);
    return nullptr;
  }

  const char* double_quoted() {
    in_word_ = true;
    while (!rest_.empty()) {
      const char c = take();
      if (c == '"') return nullptr;
      if (c != '\\' || rest_.empty()) {
        word_ += c;
        continue;
      }
      const char next = take();
      if (next == '\n') continue;
      if (!kQuotable.contains(next)) word_ += '\\';
      word_ += next;
    }
    return "a \" has no counterpart";
  }

  const char* escaped() {
    if (rest_.empty()) return "a \\ at the end quotes nothing";
    const char next = take();
    if (next != '\n') add(next);
    return nullptr;
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
};

}  // namespace

std::expected<std::vector<std::string>, std::string> split_command(std::string_view line) {
  if (line.contains('\0')) return std::unexpected("the command line holds a NUL byte");
  Splitter splitter(line);
  if (const char* problem = splitter.split()) {
    return std::unexpected(std::string("in the command line ") + problem);
  }
  return std::move(splitter.words);
}

}  // namespace postern::agent

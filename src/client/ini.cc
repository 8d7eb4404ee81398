#include "client/ini.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace postern::client {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

struct Member {
  std::string name;
  std::string value;
};

std::optional<Member> divide(std::string_view line) {
  const auto at = line.find_first_of("=:");
  if (at == std::string_view::npos) return std::nullopt;
  auto name = to_lower(trim(line.substr(0, at)));
  if (name.empty()) return std::nullopt;
  return Member{std::move(name), std::string(trim(line.substr(at + 1)))};
}

class Parser {
 public:
  std::expected<Ini, std::string> parse(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      ++line_number_;
      if (auto problem = take(text.substr(0, end)); !problem.empty()) {
        return std::unexpected(fmt::format("line {}: {}", line_number_, problem));
      }
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::move(ini_);
  }

 private:
  // The problem with this line, or nothing.
  std::string take(std::string_view line) {
    const auto content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') return {};
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (indented && !last_member_.empty()) return take_continuation(content);
    if (content.front() == '[') return take_section(content);
    if (section_ == nullptr) return "a member outside of any section";
    const auto member = divide(content);
    if (!member) return "expected name = value";
    last_member_ = member->name;
    section_->values.insert_or_assign(member->name, member->value);
    return {};
  }

  std::string take_section(std::string_view content) {
    const auto end = content.find(']');
    if (end == std::string_view::npos) return "a section's name without ]";
    section_ = &ini_[std::string(trim(content.substr(1, end - 1)))];
    last_member_.clear();
    return {};
  }

  // Under a member without a value on its own line stands a block; under any other, the value goes on.
  std::string take_continuation(std::string_view content) {
    auto& value = section_->values[last_member_];
    if (!value.empty()) {
      value.append("\n").append(content);
      return {};
    }
    const auto member = divide(content);
    if (!member) return "expected name = value";
    section_->blocks[last_member_].insert_or_assign(member->name, member->value);
    return {};
  }

  Ini ini_;
  IniSection* section_ = nullptr;
  std::string last_member_;
  int line_number_ = 0;
};

}  // namespace

std::expected<Ini, std::string> parse_ini(std::string_view text) {
  return Parser().parse(text);
}

}  // namespace postern::client

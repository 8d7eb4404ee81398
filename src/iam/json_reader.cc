#include "iam/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "iam/text.h"

namespace postern::iam {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool is_surrogate(std::uint32_t code) {
  return code >= 0xD800 && code <= 0xDFFF;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::expected<JsonValue, Problem> run() {
    JsonValue root;
    skip_blanks();
    if (!value(root, "", 0)) return std::unexpected(problem_);
    skip_blanks();
    if (!at_end()) {
      fail("", "there is more text after the end of the policy", "nothing after the closing brace");
      return std::unexpected(problem_);
    }
    return root;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  // One character onward. Only called where the bytes have been found to be a whole character.
  void advance(std::size_t bytes = 1) {
    if (text_[at_] == '\n') {
      ++position_.line;
      position_.column = 1;
    } else {
      ++position_.column;
    }
    at_ += bytes;
  }

  void skip_blanks() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) advance();
  }

  bool fail(std::string_view path, std::string what, std::string expected) {
    return fail_at(position_, path, std::move(what), std::move(expected));
  }
  bool fail_at(Position at, std::string_view path, std::string what, std::string expected) {
    problem_ = {at, std::string(path), std::move(what), std::move(expected)};
    return false;
  }
  bool fail_here(std::string_view path, std::string expected) {
    if (at_end()) return fail(path, "the text ends here", std::move(expected));
    const auto length = utf8_length(text_, at_);
    if (length == 0) return fail(path, "this is not valid UTF-8", std::move(expected));
    return fail(path, "unexpected " + quoted(text_.substr(at_, length)), std::move(expected));
  }

  bool value(JsonValue& out, const std::string& path, std::size_t depth) {
    if (depth == kMaxJsonDepth)
      return fail(path, "this is nested too deeply", fmt::format("at most {} levels", kMaxJsonDepth));
    out.at = position_;
    switch (peek()) {
      case '{':
        return object(out, path, depth);
      case '[':
        return array(out, path, depth);
      case '"':
        out.kind = JsonKind::kString;
        return string(out.text, path);
      case 't':
        return word(out, JsonKind::kBool, "true", path);
      case 'f':
        return word(out, JsonKind::kBool, "false", path);
      case 'n':
        return word(out, JsonKind::kNull, "null", path);
      default:
        break;
    }
    if (peek() == '-' || is_digit(peek())) return number(out, path);
    return fail_here(path, "a JSON value");
  }

  bool word(JsonValue& out, JsonKind kind, std::string_view expected, const std::string& path) {
    if (text_.substr(at_, expected.size()) != expected) return fail_here(path, "a JSON value");
    for (std::size_t i = 0; i < expected.size(); ++i) advance();
    out.kind = kind;
    out.text = expected;
    return true;
  }

  bool digits(const std::string& path) {
    if (!is_digit(peek())) return fail_here(path, "a digit");
    while (is_digit(peek())) advance();
    return true;
  }

  bool number(JsonValue& out, const std::string& path) {
    const auto begin = at_;
    if (peek() == '-') advance();
    if (peek() == '0') {
      advance();
      if (is_digit(peek())) return fail_here(path, "no digit after a leading zero");
    } else if (!digits(path)) {
      return false;
    }
    if (peek() == '.') {
      advance();
      if (!digits(path)) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      advance();
      if (peek() == '+' || peek() == '-') advance();
      if (!digits(path)) return false;
    }
    out.kind = JsonKind::kNumber;
    out.text = text_.substr(begin, at_ - begin);
    return true;
  }

  std::optional<std::uint32_t> four_hex_digits(const std::string& path) {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_digit(peek());
      if (digit < 0) {
        fail_here(path, "four hexadecimal digits after \\u");
        return std::nullopt;
      }
      code = code << 4 | static_cast<std::uint32_t>(digit);
      advance();
    }
    return code;
  }

  bool unicode_escape(std::string& out, const std::string& path, Position begin) {
    auto code = four_hex_digits(path);
    if (!code) return false;
    if (is_surrogate(*code)) {
      std::optional<std::uint32_t> low;
      if (*code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
        advance();
        advance();
        low = four_hex_digits(path);
        if (!low) return false;
      }
      if (!low || *low < 0xDC00 || *low > 0xDFFF) {
        return fail_at(begin, path, "half of a surrogate pair is not a character",
                       "both halves, or the character itself");
      }
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
    append_utf8(out, *code);
    return true;
  }

  bool escape(std::string& out, const std::string& path) {
    const auto begin = position_;
    advance();
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (peek() == 'u') {
      advance();
      return unicode_escape(out, path, begin);
    }
    const auto index = at_end() ? std::string_view::npos : kLetters.find(peek());
    if (index == std::string_view::npos)
      return fail_here(path, "one of \" \\ / b f n r t u after a backslash");
    out.push_back(kMeanings[index]);
    advance();
    return true;
  }

  bool string(std::string& out, const std::string& path) {
    const auto begin = position_;
    advance();
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        if (!escape(out, path)) return false;
        continue;
      }
      if (static_cast<unsigned char>(peek()) < 0x20)
        return fail_here(path, "control characters in strings to be escaped");
      const auto length = utf8_length(text_, at_);
      if (length == 0) return fail_here(path, "UTF-8");
      out.append(text_, at_, length);
      advance(length);
    }
    if (at_end()) return fail_at(begin, path, "this string has no end", "a closing quote");
    advance();
    return true;
  }

  bool array(JsonValue& out, const std::string& path, std::size_t depth) {
    out.kind = JsonKind::kArray;
    advance();
    skip_blanks();
    if (peek() == ']') {
      advance();
      return true;
    }
    while (true) {
      if (!value(out.items.emplace_back(), fmt::format("{}[{}]", path, out.items.size() - 1), depth + 1))
        return false;
      skip_blanks();
      if (peek() == ']') {
        advance();
        return true;
      }
      if (peek() != ',') return fail_here(path, "a comma or a closing bracket");
      advance();
      skip_blanks();
    }
  }

  bool member(JsonValue& out, std::set<std::string>& seen, const std::string& path, std::size_t depth) {
    if (peek() != '"') return fail_here(path, "a name in double quotes");
    auto& added = out.members.emplace_back();
    added.name.at = position_;
    if (!string(added.name.text, path)) return false;
    const auto inner = child_path(path, added.name.text);
    if (!seen.insert(added.name.text).second) {
      return fail_at(added.name.at, inner, "this name occurs twice in the same object", "each name once");
    }
    skip_blanks();
    if (peek() != ':') return fail_here(inner, "a colon");
    advance();
    skip_blanks();
    return value(added.value, inner, depth + 1);
  }

  bool object(JsonValue& out, const std::string& path, std::size_t depth) {
    out.kind = JsonKind::kObject;
    std::set<std::string> seen;
    advance();
    skip_blanks();
    if (peek() == '}') {
      advance();
      return true;
    }
    while (true) {
      if (!member(out, seen, path, depth)) return false;
      skip_blanks();
      if (peek() == '}') {
        advance();
        return true;
      }
      if (peek() != ',') return fail_here(path, "a comma or a closing brace");
      advance();
      skip_blanks();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position position_;
  Problem problem_;
};

}  // namespace

std::expected<JsonValue, Problem> read_json(std::string_view text) {
  return Reader(text).run();
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    if (at >= kShown) return out + "...\"";
    const auto length = std::max<std::size_t>(utf8_length(text, at), 1);
    if (static_cast<unsigned char>(text[at]) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(text[at]));
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out + "\"";
}

std::string describe(const JsonValue& value) {
  switch (value.kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return value.text;
    case JsonKind::kNumber:
      return "the number " + value.text;
    case JsonKind::kString:
      return quoted(value.text);
    case JsonKind::kArray:
      return "a list";
    case JsonKind::kObject:
      return "an object";
  }
  return {};
}

std::string child_path(std::string_view parent, std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_digit(c) || (fold(c) >= 'a' && fold(c) <= 'z');
  });
  if (!plain) return fmt::format("{}[{}]", parent, quoted(name));
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

}  // namespace postern::iam

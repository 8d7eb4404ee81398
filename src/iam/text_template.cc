#include "iam/text_template.h"

#include <algorithm>

#include "iam/glob.h"
#include "iam/text.h"

namespace postern::iam {
namespace {

struct Variable {
  std::string_view name;
  std::optional<std::string_view> fallback;
  /// Of the whole `${...}`.
  std::size_t length = 0;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// A context key: no blanks, quotes or braces, and a service in front. Tag keys may hold the rest of what AWS
// allows in them.
bool is_key(std::string_view name) {
  const auto colon = name.find(':');
  return colon != std::string_view::npos && colon != 0 && colon + 1 < name.size() &&
         name.find_first_of("{}'\",$*?") == std::string_view::npos;
}

// `text` begins with "${". Nothing when it can't be read.
std::optional<Variable> read_variable(std::string_view text) {
  // A default may hold a closing brace; it ends at the quote before one.
  const auto quote = text.find('\'');
  auto end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  if (quote == std::string_view::npos || quote > end) {
    const auto name = text.substr(2, end - 2);
    if (name == "*" || name == "?" || name == "$") return Variable{name, std::nullopt, end + 1};
    if (!is_key(trimmed(name))) return std::nullopt;
    return Variable{trimmed(name), std::nullopt, end + 1};
  }
  const auto closing = text.find("'}", quote + 1);
  if (closing == std::string_view::npos) return std::nullopt;
  auto name = trimmed(text.substr(2, quote - 2));
  if (!name.ends_with(',')) return std::nullopt;
  name = trimmed(name.substr(0, name.size() - 1));
  if (!is_key(name)) return std::nullopt;
  return Variable{name, text.substr(quote + 1, closing - quote - 1), closing + 2};
}

bool is_character(const Variable& variable) {
  return variable.name.size() == 1;
}

/// Calls `literal` and `variable` in the order of the text; text that can't be read as a variable is literal.
template <class OnLiteral, class OnVariable>
void walk(std::string_view text, const OnLiteral& on_literal, const OnVariable& on_variable) {
  while (!text.empty()) {
    const auto begin = text.find("${");
    on_literal(text.substr(0, begin));
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    if (const auto variable = read_variable(text)) {
      on_variable(*variable);
      text.remove_prefix(variable->length);
    } else {
      on_literal(text.substr(0, 2));
      text.remove_prefix(2);
    }
  }
}

// Bytes that mean wildcards in a pattern must not come in from a request; UTF-8 has none of them.
bool is_literal_text(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return c == kAnyRun || c == kAnyOne; });
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text, Wildcards wildcards, Variables variables) {
  std::string literal;
  const auto on_literal = [&](std::string_view piece) {
    literal += wildcards == Wildcards::kYes ? encode_wildcards(piece) : std::string(piece);
  };
  if (variables == Variables::kNo) {
    on_literal(text);
  } else {
    walk(text, on_literal, [&](const Variable& variable) {
      if (is_character(variable)) {
        literal += variable.name;
        return;
      }
      parts_.push_back({std::move(literal), ContextKey(variable.name), std::nullopt});
      literal.clear();
      if (variable.fallback) parts_.back().fallback = std::string(*variable.fallback);
    });
  }
  if (parts_.empty()) {
    constant_ = Glob(std::move(literal));
  } else if (!literal.empty()) {
    parts_.push_back({std::move(literal), std::nullopt, std::nullopt});
  }
}

std::optional<std::string_view> TextTemplate::resolve(const ContextView& context,
                                                      std::string& scratch) const {
  if (parts_.empty()) return constant_.pattern();
  scratch.clear();
  for (const auto& part : parts_) {
    scratch += part.literal;
    if (!part.key) continue;
    const auto values = context.find(*part.key);
    if (values.size() == 1 && is_literal_text(values.front().value)) {
      scratch += values.front().value;
    } else if (values.empty() && part.fallback) {
      scratch += *part.fallback;
    } else {
      return std::nullopt;
    }
  }
  return scratch;
}

std::optional<std::string> find_template_fault(std::string_view text) {
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
    const auto variable = read_variable(text.substr(at));
    if (!variable) {
      return text.find('}', at) == std::string_view::npos ? "a variable is not closed"
                                                          : "a variable can't be read";
    }
    at += variable->length;
  }
  return std::nullopt;
}

std::vector<std::string> variable_names(std::string_view text) {
  std::vector<std::string> names;
  walk(
      text, [](std::string_view) {},
      [&](const Variable& variable) {
        if (!is_character(variable)) names.emplace_back(variable.name);
      });
  return names;
}

}  // namespace postern::iam

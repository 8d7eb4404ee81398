#include "aws/documents/placeholders.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/check.h"

namespace postern::aws {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view take_name(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_name_character(text[length])) ++length;
  const auto name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

struct Found {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
};

// The first placeholder at or behind `from`.
std::optional<Found> next_placeholder(std::string_view text, std::size_t from) {
  for (auto begin = text.find(kOpen, from); begin != std::string_view::npos;
       begin = text.find(kOpen, begin + 1)) {
    auto rest = without_blanks(text.substr(begin + kOpen.size()));
    const auto name = take_name(rest);
    rest = without_blanks(rest);
    if (!name.empty() && rest.starts_with(kClose)) {
      return Found{begin, text.size() - rest.size() + kClose.size(), name};
    }
  }
  return std::nullopt;
}

bool has_nested_placeholder(std::string_view text) {
  for (auto begin = text.find(kOpen); begin != std::string_view::npos; begin = text.find(kOpen, begin + 1)) {
    auto rest = without_blanks(text.substr(begin + kOpen.size()));
    take_name(rest);
    if (without_blanks(rest).starts_with(kOpen)) return true;
  }
  return false;
}

std::optional<DecodeError> check_text(std::string_view text, const std::string& path,
                                      const std::function<bool(std::string_view)>& known) {
  if (has_parameter_store_reference(text)) {
    return DecodeError{path, "{{ ssm:... }} is refused: there is no Parameter Store; use a parameter"};
  }
  if (has_nested_placeholder(text)) return DecodeError{path, "a placeholder can't stand inside another one"};
  for (auto found = next_placeholder(text, 0); found; found = next_placeholder(text, found->end)) {
    if (known(found->name)) continue;
    return DecodeError{path, fmt::format("the placeholder {{{{ {0} }}}} names no parameter; define "
                                         "parameters.{0}",
                                         found->name)};
  }
  return std::nullopt;
}

using Values = std::map<std::string, boost::json::value, std::less<>>;

class Substitution {
 public:
  explicit Substitution(const Values& values) : values_(values) {}

  std::expected<boost::json::value, DecodeError> in(const boost::json::value& value,
                                                    const std::string& path) {
    if (value.is_string()) return in_text(value.get_string(), path);
    if (value.is_array()) {
      boost::json::array out;
      for (const auto& element : value.get_array()) {
        auto done = in(element, fmt::format("{}[{}]", path, out.size()));
        if (!done) return done;
        out.push_back(std::move(*done));
      }
      return out;
    }
    if (value.is_object()) {
      boost::json::object out;
      for (const auto& [key, member] : value.get_object()) {
        auto done = in(member, fmt::format("{}.{}", path, std::string_view(key)));
        if (!done) return done;
        out.emplace(key, std::move(*done));
      }
      return out;
    }
    return value;
  }

 private:
  std::expected<boost::json::value, DecodeError> in_text(std::string_view text, const std::string& path) {
    auto found = next_placeholder(text, 0);
    if (found && found->begin == 0 && found->end == text.size()) return finished(value_of(found->name), path);
    std::string out;
    std::size_t done = 0;
    for (; found; found = next_placeholder(text, done)) {
      const auto& value = value_of(found->name);
      out += text.substr(done, found->begin - done);
      out += value.is_string() ? std::string_view(value.get_string()) : boost::json::serialize(value);
      done = found->end;
      if (out.size() > kMaxSubstitutedBytes) return too_large(path);
    }
    out += text.substr(done);
    return finished(boost::json::string(out), path);
  }

  const boost::json::value& value_of(std::string_view name) const {
    const auto found = values_.find(name);
    POSTERN_CHECK(found != values_.end());
    return found->second;
  }

  // Counts what was made, and refuses what two harmless pieces may have become together.
  std::expected<boost::json::value, DecodeError> finished(boost::json::value value, const std::string& path) {
    const auto text = value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
    bytes_ += text.size();
    if (bytes_ > kMaxSubstitutedBytes) return too_large(path);
    if (has_parameter_store_reference(text)) {
      return std::unexpected(DecodeError{path, "{{ ssm:... }} is refused in parameters"});
    }
    return value;
  }

  static std::unexpected<DecodeError> too_large(const std::string& path) {
    return std::unexpected(DecodeError{
        path, fmt::format("the document with its parameters put in has more than {} bytes of text",
                          kMaxSubstitutedBytes)});
  }

  const Values& values_;
  std::size_t bytes_ = 0;
};

}  // namespace

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_name_character);
}

bool has_placeholder(std::string_view text) {
  return next_placeholder(text, 0).has_value();
}

bool has_parameter_store_reference(std::string_view text) {
  for (auto begin = text.find(kOpen); begin != std::string_view::npos; begin = text.find(kOpen, begin + 1)) {
    const auto rest = without_blanks(text.substr(begin + kOpen.size()));
    if (rest.starts_with("ssm:") || rest.starts_with("ssm-secure:")) return true;
  }
  return false;
}

std::optional<DecodeError> check_placeholders(const boost::json::value& value, const std::string& path,
                                              const std::function<bool(std::string_view)>& known) {
  if (value.is_string()) return check_text(value.get_string(), path, known);
  if (value.is_array()) {
    std::size_t index = 0;
    for (const auto& element : value.get_array()) {
      if (auto error = check_placeholders(element, fmt::format("{}[{}]", path, index++), known)) return error;
    }
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) {
      if (auto error = check_placeholders(member, fmt::format("{}.{}", path, std::string_view(key)), known))
        return error;
    }
  }
  return std::nullopt;
}

std::expected<boost::json::value, DecodeError> substitute(const boost::json::value& value,
                                                          const std::string& path, const Values& values) {
  return Substitution(values).in(value, path);
}

}  // namespace postern::aws

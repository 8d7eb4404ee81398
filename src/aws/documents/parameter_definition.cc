#include "aws/documents/parameter_definition.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/documents/placeholders.h"

namespace postern::aws {
namespace {

constexpr std::array<std::pair<ParameterType, std::string_view>, 4> kTypes = {{
    {ParameterType::kString, "String"},
    {ParameterType::kStringList, "StringList"},
    {ParameterType::kInteger, "Integer"},
    {ParameterType::kBoolean, "Boolean"},
}};
constexpr std::string_view kKeys =
    "type, description, default, allowedValues, allowedPattern, minChars, maxChars, minItems, maxItems, "
    "displayType";
// A pattern's automaton; RE2's own default is 8 MiB.
constexpr std::int64_t kMaxPatternMemory = 1 << 20;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// What one text must satisfy, whether it is the whole value or an element of a list.
std::optional<std::string> problem_of(const ParameterDefinition& definition, std::string_view text) {
  if (has_parameter_store_reference(text)) {
    return "{{ ssm:... }} is refused: there is no Parameter Store";
  }
  if (!definition.allowed_values.empty() &&
      std::ranges::find(definition.allowed_values, text) == definition.allowed_values.end()) {
    return fmt::format("it must be one of: {}", fmt::join(definition.allowed_values, ", "));
  }
  if (definition.allowed_pattern && !definition.allowed_pattern->found_in(text)) {
    return fmt::format("it does not match the allowedPattern {}", definition.allowed_pattern->text());
  }
  const auto length = characters(text);
  if (definition.min_chars && length < *definition.min_chars) {
    return fmt::format("it has {} characters; at least {} are required", length, *definition.min_chars);
  }
  if (definition.max_chars && length > *definition.max_chars) {
    return fmt::format("it has {} characters; at most {} are allowed", length, *definition.max_chars);
  }
  return std::nullopt;
}

bool is_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

std::expected<boost::json::value, std::string> check_one(const ParameterDefinition& definition,
                                                         std::string_view text) {
  if (auto problem = problem_of(definition, text)) return std::unexpected(std::move(*problem));
  if (definition.type == ParameterType::kBoolean) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::unexpected("it must be true or false");
  }
  if (definition.type == ParameterType::kInteger && !is_integer(text)) {
    return std::unexpected("it must be an integer");
  }
  // An Integer stays text: where one goes (a port, minutes) the node expects a string.
  return boost::json::string(text);
}

std::expected<boost::json::value, std::string> check_list(const ParameterDefinition& definition,
                                                          const std::vector<std::string>& given) {
  if (definition.min_items && given.size() < *definition.min_items) {
    return std::unexpected(
        fmt::format("it has {} values; at least {} are required", given.size(), *definition.min_items));
  }
  if (definition.max_items && given.size() > *definition.max_items) {
    return std::unexpected(
        fmt::format("it has {} values; at most {} are allowed", given.size(), *definition.max_items));
  }
  boost::json::array list;
  for (const auto& element : given) {
    if (auto problem = problem_of(definition, element)) {
      return std::unexpected(fmt::format("value {} of the list: {}", list.size() + 1, *problem));
    }
    list.emplace_back(element);
  }
  return list;
}

// The default as StartSession would be given it.
std::expected<std::vector<std::string>, std::string> default_as_given(ParameterType type,
                                                                      const boost::json::value& value) {
  const auto text_of = [](const boost::json::value& one) -> std::optional<std::string> {
    if (one.is_string()) return std::string(one.get_string());
    return std::nullopt;
  };
  switch (type) {
    case ParameterType::kStringList: {
      if (!value.is_array()) return std::unexpected("expected a list of strings");
      std::vector<std::string> list;
      for (const auto& element : value.get_array()) {
        auto text = text_of(element);
        if (!text) return std::unexpected("expected a list of strings");
        list.push_back(std::move(*text));
      }
      return list;
    }
    case ParameterType::kBoolean:
      if (value.is_bool()) return std::vector<std::string>{value.get_bool() ? "true" : "false"};
      break;
    case ParameterType::kInteger:
      if (value.is_int64()) return std::vector{std::to_string(value.get_int64())};
      break;
    case ParameterType::kString:
      break;
  }
  if (auto text = text_of(value)) return std::vector{std::move(*text)};
  return std::unexpected(type == ParameterType::kString
                             ? "expected a string; write it in quotes"
                             : fmt::format("expected {} or its text",
                                           type == ParameterType::kBoolean ? "a boolean" : "an integer"));
}

/// Reads the members of one definition; the first problem stays.
class Reader {
 public:
  Reader(const boost::json::object& from, std::string path) : from_(from), path_(std::move(path)) {}

  std::optional<DecodeError> error;

  const boost::json::value* find(std::string_view key) { return error ? nullptr : from_.if_contains(key); }

  void fail(std::string_view key, std::string problem) {
    if (!error) error = DecodeError{fmt::format("{}.{}", path_, key), std::move(problem)};
  }

  std::string text(std::string_view key) {
    const auto* found = find(key);
    if (found == nullptr) return {};
    if (!found->is_string()) {
      fail(key, "expected a string; write it in quotes");
      return {};
    }
    return std::string(found->get_string());
  }

  std::optional<std::size_t> count(std::string_view key, bool applies, std::string_view to) {
    const auto* found = find(key);
    if (found == nullptr) return std::nullopt;
    if (!applies) {
      fail(key, fmt::format("it is for parameters of type {}", to));
      return std::nullopt;
    }
    if (!found->is_int64() || found->get_int64() < 0) {
      fail(key, "expected an integer that is 0 or more");
      return std::nullopt;
    }
    return static_cast<std::size_t>(found->get_int64());
  }

 private:
  const boost::json::object& from_;
  std::string path_;
};

ParameterType read_type(Reader& reader) {
  const auto text = reader.text("type");
  for (const auto& [type, name] : kTypes) {
    if (text == name) return type;
  }
  static constexpr std::string_view kNotPassable[] = {"MapList", "StringMap"};
  reader.fail(
      "type",
      text.empty() ? "is required: String, StringList, Integer or Boolean"
      : std::ranges::find(kNotPassable, text) != std::end(kNotPassable)
          ? fmt::format("StartSession can't pass a {}; use String, StringList, Integer or Boolean", text)
          : fmt::format("expected String, StringList, Integer or Boolean, found {}", text));
  return ParameterType::kString;
}

std::vector<std::string> read_allowed_values(Reader& reader) {
  const auto* found = reader.find("allowedValues");
  if (found == nullptr) return {};
  std::vector<std::string> values;
  if (found->is_array()) {
    for (const auto& element : found->get_array()) {
      if (!element.is_string()) {
        reader.fail("allowedValues", "expected a list of strings; write each in quotes");
        return {};
      }
      values.emplace_back(element.get_string());
    }
  }
  if (values.empty()) reader.fail("allowedValues", "expected a list with at least one string");
  return values;
}

void read_pattern(Reader& reader, ParameterDefinition& into) {
  if (reader.find("allowedPattern") == nullptr) return;
  const auto text = reader.text("allowedPattern");
  if (reader.error) return;
  auto pattern = AllowedPattern::compile(text);
  if (!pattern) {
    reader.fail("allowedPattern",
                fmt::format("RE2, which also the agents use, can't compile it: {}", pattern.error()));
    return;
  }
  into.allowed_pattern = std::move(*pattern);
}

void read_default(Reader& reader, ParameterDefinition& into) {
  const auto* found = reader.find("default");
  if (found == nullptr) return;
  const auto given = default_as_given(into.type, *found);
  if (!given) return reader.fail("default", given.error());
  for (const auto& text : *given) {
    if (has_placeholder(text)) return reader.fail("default", "a default can't contain placeholders");
  }
  auto checked = check_parameter(into, *given);
  if (!checked) return reader.fail("default", checked.error());
  into.default_value = std::move(*checked);
}

void check_bounds(Reader& reader, const ParameterDefinition& definition) {
  if (definition.min_chars && definition.max_chars && *definition.min_chars > *definition.max_chars)
    reader.fail("minChars", "it is greater than maxChars");
  if (definition.min_items && definition.max_items && *definition.min_items > *definition.max_items)
    reader.fail("minItems", "it is greater than maxItems");
}

}  // namespace

std::expected<AllowedPattern, std::string> AllowedPattern::compile(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  auto compiled = std::make_shared<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) return std::unexpected(compiled->error());
  AllowedPattern pattern;
  pattern.text_ = text;
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

bool AllowedPattern::found_in(std::string_view value) const {
  return re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), *compiled_);
}

std::string_view to_string(ParameterType type) {
  return std::ranges::find(kTypes, type, &std::pair<ParameterType, std::string_view>::first)->second;
}

std::expected<ParameterDefinition, DecodeError> parse_parameter_definition(std::string name,
                                                                           const boost::json::value& from) {
  const auto path = fmt::format("parameters.{}", name);
  if (!is_parameter_name(name)) return std::unexpected(DecodeError{path, "a name is letters and digits"});
  if (!from.is_object()) return std::unexpected(DecodeError{path, "expected an object with a type"});
  static constexpr std::string_view kKnown[] = {"type",           "description", "default",  "allowedValues",
                                                "allowedPattern", "minChars",    "maxChars", "minItems",
                                                "maxItems",       "displayType"};
  for (const auto& [key, value] : from.get_object()) {
    if (std::ranges::find(kKnown, std::string_view(key)) == std::end(kKnown)) {
      return std::unexpected(DecodeError{fmt::format("{}.{}", path, std::string_view(key)),
                                         fmt::format("is not known; known are {}", kKeys)});
    }
  }
  Reader reader(from.get_object(), path);
  ParameterDefinition out{.name = std::move(name), .type = read_type(reader)};
  const bool text = out.type == ParameterType::kString || out.type == ParameterType::kStringList;
  out.description = reader.text("description");
  // How a console would show it: of no use to us, and of no harm.
  reader.text("displayType");
  out.allowed_values = read_allowed_values(reader);
  read_pattern(reader, out);
  out.min_chars = reader.count("minChars", text, "String or StringList");
  out.max_chars = reader.count("maxChars", text, "String or StringList");
  out.min_items = reader.count("minItems", out.type == ParameterType::kStringList, "StringList");
  out.max_items = reader.count("maxItems", out.type == ParameterType::kStringList, "StringList");
  check_bounds(reader, out);
  read_default(reader, out);
  if (reader.error) return std::unexpected(std::move(*reader.error));
  return out;
}

std::expected<boost::json::value, std::string> check_parameter(const ParameterDefinition& definition,
                                                               const std::vector<std::string>& given) {
  if (definition.type == ParameterType::kStringList) return check_list(definition, given);
  if (given.size() != 1) {
    return std::unexpected(
        fmt::format("a {} takes exactly one value, found {}", to_string(definition.type), given.size()));
  }
  return check_one(definition, given.front());
}

}  // namespace postern::aws

#include "aws/documents/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace postern::aws {
namespace {

constexpr std::string_view kStringTag = YAML_STR_TAG;

std::string at(const yaml_mark_t& mark, std::string_view problem) {
  return fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, problem);
}

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

/// libyaml's parser over a text, event by event. It keeps its state on the heap, so depth costs no stack.
class Events {
 public:
  explicit Events(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// The next event, valid until the following call; nothing when the text is not YAML.
  const yaml_event_t* next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) == 0 ? nullptr : &event_;
  }

  std::string problem() const {
    if (parser_.error == YAML_MEMORY_ERROR) return "out of memory";
    const std::string_view what = parser_.problem == nullptr ? "syntax error" : parser_.problem;
    // Characters that can't be read have no place in lines.
    if (parser_.error == YAML_READER_ERROR) return fmt::format("byte {}: {}", parser_.problem_offset, what);
    return at(parser_.problem_mark, what);
  }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// The value of a scalar that was written without quotes.
boost::json::value plain_value(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) {
    boost::system::error_code ec;
    auto number = boost::json::parse(boost::json::string_view(text.data(), text.size()), ec);
    if (!ec && number.is_number()) return number;
  }
  return boost::json::string(text);
}

/// Builds the value from the parser's events.
class Builder {
 public:
  /// What is wrong with the event, if anything.
  std::optional<std::string> take(const yaml_event_t& event) {
    mark_ = event.start_mark;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        return ++documents_ > 1 ? refuse("a second document begins here; there must be one") : std::nullopt;
      case YAML_ALIAS_EVENT:
        return alias(view(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return open(view(event.data.sequence_start.tag), view(event.data.sequence_start.anchor),
                    boost::json::array{});
      case YAML_MAPPING_START_EVENT:
        return open(view(event.data.mapping_start.tag), view(event.data.mapping_start.anchor),
                    boost::json::object{});
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return std::nullopt;
    }
  }

  std::size_t documents() const { return documents_; }
  boost::json::value result() { return std::move(root_); }

 private:
  using Problem = std::optional<std::string>;

  /// What copying a value costs.
  struct Weight {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    std::size_t depth = 0;
  };

  /// A list or map whose end has not come yet.
  struct Open {
    boost::json::value value;
    std::string anchor;
    std::string key;
    bool has_key = false;
    Weight weight;
  };

  Problem refuse(std::string_view problem) const { return at(mark_, problem); }

  Problem refuse_depth() const { return refuse(fmt::format("nested deeper than {} levels", kMaxYamlDepth)); }

  Problem check_tag(std::string_view tag, bool scalar) const {
    if (tag.empty() || tag == "!" || (scalar && tag == kStringTag)) return std::nullopt;
    return refuse(fmt::format("the tag {} is not supported", tag));
  }

  Problem count(std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > kMaxYamlNodes)
      return refuse(fmt::format("more than {} values, with aliases written out", kMaxYamlNodes));
    if (bytes_ > kMaxYamlTextBytes)
      return refuse(fmt::format("more than {} bytes of text, with aliases written out", kMaxYamlTextBytes));
    return std::nullopt;
  }

  bool wants_key() const { return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key; }

  Problem alias(std::string_view name) {
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      return refuse(fmt::format("the alias *{} names no value that is complete before it", name));
    const auto& [value, weight] = found->second;
    if (open_.size() + weight.depth > kMaxYamlDepth) return refuse_depth();
    if (auto problem = count(weight.nodes, weight.bytes)) return problem;
    return add(value, {}, weight);
  }

  Problem scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const auto tag = view(data.tag);
    // Not view(): a text may hold zero bytes ("\0").
    const std::string_view text(reinterpret_cast<const char*>(data.value), data.length);
    if (auto problem = check_tag(tag, true)) return problem;
    if (auto problem = count(1, text.size())) return problem;
    const bool plain = data.style == YAML_PLAIN_SCALAR_STYLE && tag.empty();
    if (!wants_key()) {
      return add(plain ? plain_value(text) : boost::json::value(boost::json::string(text)), view(data.anchor),
                 {1, text.size()});
    }
    if (plain && plain_value(text).is_null()) return refuse("expected a key that is text");
    if (plain && text == "<<") return refuse("merge keys (<<) are not supported; write the members out");
    auto& map = open_.back();
    if (map.value.get_object().contains(text)) return refuse(fmt::format("the key {} is there twice", text));
    if (data.anchor != nullptr) return refuse("a key can't be an anchor");
    map.key = text;
    map.has_key = true;
    return std::nullopt;
  }

  Problem open(std::string_view tag, std::string_view anchor, boost::json::value empty) {
    if (auto problem = check_tag(tag, false)) return problem;
    if (auto problem = count(1, 0)) return problem;
    if (open_.size() >= kMaxYamlDepth) return refuse_depth();
    if (wants_key())
      return refuse("a list or map can't be a key; put a value that begins with {{ or [ into quotes");
    open_.push_back({std::move(empty), std::string(anchor), {}, false, {1, 0, 1}});
    return std::nullopt;
  }

  Problem close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done.value), done.anchor, done.weight);
  }

  Problem add(boost::json::value value, std::string_view anchor, Weight weight) {
    if (wants_key()) return refuse("expected a key that is text");
    if (!anchor.empty()) anchors_.insert_or_assign(std::string(anchor), std::pair(value, weight));
    if (open_.empty()) {
      root_ = std::move(value);
      return std::nullopt;
    }
    auto& parent = open_.back();
    parent.weight.nodes += weight.nodes;
    parent.weight.bytes += weight.bytes + parent.key.size();
    parent.weight.depth = std::max(parent.weight.depth, weight.depth + 1);
    if (parent.value.is_array()) {
      parent.value.get_array().push_back(std::move(value));
    } else {
      parent.value.get_object().emplace(parent.key, std::move(value));
      parent.has_key = false;
    }
    return std::nullopt;
  }

  yaml_mark_t mark_{};
  std::vector<Open> open_;
  std::map<std::string, std::pair<boost::json::value, Weight>, std::less<>> anchors_;
  boost::json::value root_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t documents_ = 0;
};

bool reserved(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  // Other readers know more booleans than we do.
  static constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return std::ranges::find(kWords, lower) != std::end(kWords);
}

// Whether every reader of YAML takes the text for itself without quotes.
bool plain(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text.front()) || text.back() == ' ' || reserved(text)) return false;
  return std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || std::string_view(" ./-").contains(c);
  });
}

std::string text_form(std::string_view text) {
  if (plain(text)) return std::string(text);
  // A JSON string is a double-quoted scalar, but YAML wants more characters escaped: those that it can't
  // print, and those that it takes for line breaks.
  std::string out;
  const auto json = boost::json::serialize(boost::json::string(text));
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto c = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0;
    const auto last = i + 2 < json.size() ? static_cast<unsigned char>(json[i + 2]) : 0;
    if (c == 0x7f) {
      out += "\\x7f";
    } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else if (c == 0xe2 && next == 0x80 && (last == 0xa8 || last == 0xa9)) {
      out += last == 0xa8 ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (c == 0xef && next == 0xbb && last == 0xbf) {
      out += "\\ufeff";
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

bool is_block(const boost::json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void write(const boost::json::value& value, std::size_t indent, std::string& out);

// Behind `key:` or `-`.
void write_after_mark(const boost::json::value& value, std::size_t indent, std::string& out) {
  if (is_block(value)) {
    out += '\n';
    write(value, indent + 2, out);
  } else {
    out += ' ';
    write(value, indent, out);
  }
}

void write(const boost::json::value& value, std::size_t indent, std::string& out) {
  if (!is_block(value)) {
    out += value.is_string() ? text_form(value.get_string()) : boost::json::serialize(value);
    out += '\n';
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) {
      out.append(indent, ' ').append(text_form(key)).append(":");
      write_after_mark(member, indent, out);
    }
  } else {
    for (const auto& element : value.get_array()) {
      out.append(indent, ' ').append("-");
      write_after_mark(element, indent, out);
    }
  }
}

}  // namespace

std::expected<boost::json::value, DecodeError> parse_yaml(std::string_view text) {
  const auto refused = [](std::string_view why) {
    return std::unexpected(DecodeError{"", fmt::format("not valid YAML: {}", why)});
  };
  Events events(text);
  Builder builder;
  for (;;) {
    const auto* event = events.next();
    if (event == nullptr) return refused(events.problem());
    if (event->type == YAML_STREAM_END_EVENT) break;
    if (const auto problem = builder.take(*event)) return refused(*problem);
  }
  if (builder.documents() == 0) return refused("it is empty");
  return builder.result();
}

std::string write_yaml(const boost::json::value& value) {
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace postern::aws

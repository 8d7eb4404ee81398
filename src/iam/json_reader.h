#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "iam/problem.h"

namespace postern::iam {

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonMember;

/// A JSON value that remembers where it stands in the text.
struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  Position at;
  /// A string's characters; a number, `true`, `false` or `null` as it is written.
  std::string text;
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;
};

struct JsonMember {
  Located name;
  JsonValue value;
};

/// Deepest nesting; a policy needs six.
constexpr std::size_t kMaxJsonDepth = 16;

/// RFC 8259, strictly: one value, valid UTF-8, no duplicate names in an object, no lone surrogates, nothing
/// after it. It exists beside base's parser for the positions and because IAM refuses duplicates. Bounded in
/// depth; the caller bounds the size.
std::expected<JsonValue, Problem> read_json(std::string_view text);

/// What a value is, for messages: `a list`, `the number 5`, `"text"`.
std::string describe(const JsonValue& value);

/// The text in double quotes, cut to a readable length, control characters escaped.
std::string quoted(std::string_view text);

/// `parent.name`, or `parent["na:me"]` where the name is not a plain word.
std::string child_path(std::string_view parent, std::string_view name);

}  // namespace postern::iam

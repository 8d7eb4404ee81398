#pragma once

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

/// Described structs (BOOST_DESCRIBE_STRUCT) to and from JSON. Members are written `snake_case` in C++ and
/// spelt on the wire as the struct says: `PascalCase` unless it declares
///
///     static constexpr auto kMemberNames = postern::MemberNames::kCamel;
///
/// Words that AWS writes in capitals (IP, SSM, KMS, ...) are known to wire_name().
///
/// Decoding: a plain member is required; std::optional may be absent or null; vectors and maps may be absent
/// and are then empty; unknown members are ignored, because official peers send more than we read. Names
/// match exactly. Encoding: an empty optional is left out; everything else is written, in the order of
/// declaration. Types: bool, integers, double, std::string, Secret, Timestamp (epoch seconds; ISO-8601 text
/// is accepted too), boost::json::value (kept as it is), optional, vector, map<string, T>, and described
/// structs.
namespace postern {

enum class MemberNames { kPascal, kCamel, kSnake };

/// The wire spelling of a C++ member name.
std::string wire_name(std::string_view member, MemberNames style);

/// What was wrong with a JSON body: where (`Filters[2].Key`), and what was expected.
struct DecodeError {
  std::string path;
  std::string problem;
  /// The member is absent or null although it is required.
  bool missing = false;

  std::string message() const { return path.empty() ? problem : path + ": " + problem; }
};

/// Parses a complete JSON text. Depth is limited to 32, duplicate members keep the last one.
std::expected<boost::json::value, DecodeError> parse_json(std::string_view text);

namespace detail {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

template <class T>
constexpr MemberNames member_names() {
  if constexpr (requires { T::kMemberNames; }) {
    return T::kMemberNames;
  } else {
    return MemberNames::kPascal;
  }
}

/// The wire spelling of one described member, computed once.
template <class T, class Descriptor>
const std::string& spelling() {
  static const std::string name = wire_name(Descriptor::name, member_names<T>());
  return name;
}

template <class T>
using Members =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

std::optional<DecodeError> decode_text(const boost::json::value& from, std::string& into,
                                       const std::string& path);
std::optional<DecodeError> decode_time(const boost::json::value& from, Timestamp& into,
                                       const std::string& path);
std::optional<DecodeError> decode_integer(const boost::json::value& from, std::int64_t& into,
                                          std::int64_t min, std::int64_t max, const std::string& path);
DecodeError wrong_type(const boost::json::value& found, std::string_view expected, const std::string& path);

template <class T>
std::optional<DecodeError> decode_into(const boost::json::value& from, T& into, const std::string& path);

template <class T>
std::optional<DecodeError> decode_members(const boost::json::object& from, T& into, const std::string& path) {
  std::optional<DecodeError> error;
  boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) {
    if (error) return;
    using Member = std::remove_reference_t<decltype(into.*descriptor.pointer)>;
    const std::string& name = spelling<T, decltype(descriptor)>();
    const auto* found = from.if_contains(name);
    const bool absent = found == nullptr || found->is_null();
    if (absent && !std::is_same_v<Member, boost::json::value>) {
      if constexpr (!IsOptional<Member>::value && !IsVector<Member>::value && !IsMap<Member>::value) {
        error = DecodeError{path.empty() ? name : path + '.' + name, "is required", true};
      }
      return;
    }
    if (found == nullptr) return;
    error = decode_into(*found, into.*descriptor.pointer, path.empty() ? name : path + '.' + name);
  });
  return error;
}

template <class T>
std::optional<DecodeError> decode_into(const boost::json::value& from, T& into, const std::string& path) {
  if constexpr (std::is_same_v<T, boost::json::value>) {
    into = from;
    return std::nullopt;
  } else if constexpr (IsOptional<T>::value) {
    return decode_into(from, into.emplace(), path);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return decode_text(from, into, path);
  } else if constexpr (std::is_same_v<T, Secret>) {
    std::string text;
    auto error = decode_text(from, text, path);
    into = Secret(std::move(text));
    return error;
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return decode_time(from, into, path);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!from.is_bool()) return wrong_type(from, "true or false", path);
    into = from.get_bool();
    return std::nullopt;
  } else if constexpr (std::integral<T>) {
    std::int64_t value = 0;
    using Limits = std::numeric_limits<T>;
    constexpr auto kMax = static_cast<std::uint64_t>(Limits::max()) > static_cast<std::uint64_t>(INT64_MAX)
                              ? INT64_MAX
                              : static_cast<std::int64_t>(Limits::max());
    auto error = decode_integer(from, value, static_cast<std::int64_t>(Limits::min()), kMax, path);
    into = static_cast<T>(value);
    return error;
  } else if constexpr (std::floating_point<T>) {
    if (!from.is_number()) return wrong_type(from, "a number", path);
    into = from.to_number<T>();
    if (!std::isfinite(into)) return DecodeError{path, "number out of range"};
    return std::nullopt;
  } else if constexpr (IsVector<T>::value) {
    if (!from.is_array()) return wrong_type(from, "a list", path);
    for (const auto& element : from.get_array()) {
      if (auto error =
              decode_into(element, into.emplace_back(), path + '[' + std::to_string(into.size() - 1) + ']')) {
        return error;
      }
    }
    return std::nullopt;
  } else if constexpr (IsMap<T>::value) {
    if (!from.is_object()) return wrong_type(from, "an object", path);
    for (const auto& [key, value] : from.get_object()) {
      if (auto error = decode_into(value, into[std::string(key)], path + '.' + std::string(key)))
        return error;
    }
    return std::nullopt;
  } else {
    static_assert(Described<T>, "not a type that JSON can carry: describe it with BOOST_DESCRIBE_STRUCT");
    if (!from.is_object()) return wrong_type(from, "an object", path);
    return decode_members(from.get_object(), into, path);
  }
}

template <class T>
boost::json::value encode_value(const T& from) {
  if constexpr (std::is_same_v<T, boost::json::value>) {
    return from;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return boost::json::string(from);
  } else if constexpr (std::is_same_v<T, Secret>) {
    return boost::json::string(from.reveal());
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    // AWS writes epoch seconds with milliseconds; whole seconds stay whole.
    return static_cast<double>(to_unix_millis(from)) / 1000.0;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return from;
  } else if constexpr (IsVector<T>::value) {
    boost::json::array out;
    for (const auto& element : from) out.push_back(encode_value(element));
    return out;
  } else if constexpr (IsMap<T>::value) {
    boost::json::object out;
    for (const auto& [key, value] : from) out.emplace(key, encode_value(value));
    return out;
  } else {
    static_assert(Described<T>, "not a type that JSON can carry: describe it with BOOST_DESCRIBE_STRUCT");
    boost::json::object out;
    boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) {
      const auto& member = from.*descriptor.pointer;
      using Member = std::remove_cvref_t<decltype(member)>;
      const std::string& name = spelling<T, decltype(descriptor)>();
      if constexpr (IsOptional<Member>::value) {
        if (member) out.emplace(name, encode_value(*member));
      } else {
        out.emplace(name, encode_value(member));
      }
    });
    return out;
  }
}

}  // namespace detail

/// Decodes a JSON value into a described struct.
template <class T>
std::expected<T, DecodeError> decode_json(const boost::json::value& from) {
  T into{};
  if (auto error = detail::decode_into(from, into, "")) return std::unexpected(std::move(*error));
  return into;
}

/// Parses and decodes a JSON text.
template <class T>
std::expected<T, DecodeError> decode_json_text(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return decode_json<T>(*parsed);
}

/// The JSON value of a described struct.
template <class T>
boost::json::value encode_json(const T& from) {
  return detail::encode_value(from);
}

/// The JSON text of a described struct: no blanks, members in order of declaration.
template <class T>
std::string encode_json_text(const T& from) {
  return boost::json::serialize(encode_json(from));
}

}  // namespace postern

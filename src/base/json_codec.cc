#include "base/json_codec.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace postern {
namespace {

constexpr std::size_t kMaxDepth = 32;

// Words that AWS's models write in capitals inside PascalCase names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kCapitalWords = {{
    {"ip", "IP"},
    {"ssm", "SSM"},
    {"kms", "KMS"},
    {"mfa", "MFA"},
    {"qr", "QR"},
    {"png", "PNG"},
    // One word, since `id` alone is `Id` everywhere else.
    {"openid", "OpenID"},
    {"clientid", "ClientID"},
}};

std::string capitalise(std::string_view word) {
  for (const auto& [lower, upper] : kCapitalWords) {
    if (word == lower) return std::string(upper);
  }
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string_view kind_name(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

std::string wire_name(std::string_view member, MemberNames style) {
  if (style == MemberNames::kSnake) return std::string(member);
  std::string out;
  while (!member.empty()) {
    const auto end = member.find('_');
    const auto word = member.substr(0, end);
    out += out.empty() && style == MemberNames::kCamel ? std::string(word) : capitalise(word);
    member = end == std::string_view::npos ? std::string_view{} : member.substr(end + 1);
  }
  return out;
}

std::expected<boost::json::value, DecodeError> parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code ec;
  auto value = boost::json::parse(text, ec, {}, options);
  if (ec) return std::unexpected(DecodeError{"", "not valid JSON: " + ec.message()});
  return value;
}

namespace detail {

DecodeError wrong_type(const boost::json::value& found, std::string_view expected, const std::string& path) {
  return {path, fmt::format("expected {}, found {}", expected, kind_name(found))};
}

std::optional<DecodeError> decode_text(const boost::json::value& from, std::string& into,
                                       const std::string& path) {
  if (!from.is_string()) return wrong_type(from, "a string", path);
  into = from.get_string();
  return std::nullopt;
}

std::optional<DecodeError> decode_time(const boost::json::value& from, Timestamp& into,
                                       const std::string& path) {
  if (from.is_string()) {
    const auto time = from_iso8601(from.get_string());
    if (!time) return DecodeError{path, "expected epoch seconds or an ISO-8601 time"};
    into = *time;
    return std::nullopt;
  }
  if (!from.is_number()) return wrong_type(from, "a time in epoch seconds", path);
  // Beyond year 9999 nothing prints or stores it any more.
  constexpr double kMaxSeconds = 253'402'300'800.0;
  const auto seconds = from.to_number<double>();
  if (!std::isfinite(seconds) || seconds < -kMaxSeconds || seconds > kMaxSeconds) {
    return DecodeError{path, "time out of range"};
  }
  into = from_unix_micros(std::llround(seconds * 1e6));
  return std::nullopt;
}

std::optional<DecodeError> decode_integer(const boost::json::value& from, std::int64_t& into,
                                          std::int64_t min, std::int64_t max, const std::string& path) {
  boost::system::error_code ec;
  if (!from.is_number()) return wrong_type(from, "an integer", path);
  const auto value = from.to_number<std::int64_t>(ec);
  if (ec || value < min || value > max) return DecodeError{path, "not an integer in range"};
  into = value;
  return std::nullopt;
}

}  // namespace detail
}  // namespace postern

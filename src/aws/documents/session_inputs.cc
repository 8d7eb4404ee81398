#include "aws/documents/session_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "aws/documents/placeholders.h"
#include "aws/validation.h"

namespace postern::aws {
namespace {

constexpr std::size_t kMaxProfileCharacters = 512;

/// A string, empty or of this form.
struct TextKey {
  std::string_view name;
  Pattern pattern;
  std::string_view expected;
};

const std::vector<TextKey>& text_keys() {
  static const std::vector<TextKey> known_keys = {
      {"s3BucketName", Pattern("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of a bucket"},
      {"s3KeyPrefix", Pattern(R"([^\x00-\x1f\x7f]{1,900})"),
       "at most 900 characters without control characters"},
      {"cloudWatchLogGroupName", Pattern(R"([.\-_/#A-Za-z0-9]{1,512})"), "the name of a log group"},
      {"kmsKeyId", Pattern("[A-Za-z0-9:/_-]{1,900}"), "the id, alias or ARN of a key"},
      {"runAsDefaultUser", Pattern(R"([A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,255})"), "the name of a user"},
  };
  return known_keys;
}

constexpr std::string_view kFlags[] = {"s3EncryptionEnabled", "cloudWatchEncryptionEnabled",
                                       "cloudWatchStreamingEnabled", "runAsEnabled"};
constexpr std::string_view kShells[] = {"windows", "linux"};

struct MinutesKey {
  std::string_view name;
  int max;
};
constexpr MinutesKey kIdle{"idleSessionTimeout", 60};
constexpr MinutesKey kDuration{"maxSessionDuration", 1440};

bool is_open(const boost::json::value& value, Placeholders placeholders) {
  return placeholders == Placeholders::kAllowed && value.is_string() && has_placeholder(value.get_string());
}

std::optional<std::string> check_text(const TextKey& key, const boost::json::value& value) {
  if (!value.is_string()) return "expected a string; write it in quotes";
  const std::string_view text = value.get_string();
  if (text.empty()) return std::nullopt;
  if (!key.pattern.matches(text)) return fmt::format("expected {}", key.expected);
  if (key.name == "runAsDefaultUser" && text == "root") {
    return "agents refuse to run sessions as root (control by run-as is for other users); a root shell needs "
           "runAsElevated in properties";
  }
  return std::nullopt;
}

std::optional<bool> flag_of(const boost::json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_string()) return std::nullopt;
  if (value.get_string() == "true") return true;
  if (value.get_string() == "false") return false;
  return std::nullopt;
}

// Nothing is "not said"; the error is a text.
std::expected<std::optional<int>, std::string> minutes_of(const MinutesKey& key,
                                                          const boost::json::value& value) {
  const auto problem = fmt::format("expected minutes, 1 to {}", key.max);
  std::int64_t minutes = 0;
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (text.empty()) return std::nullopt;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), minutes);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::unexpected(problem);
  } else if (value.is_int64()) {
    minutes = value.get_int64();
  } else {
    return std::unexpected(problem);
  }
  if (minutes < 1 || minutes > key.max) return std::unexpected(problem);
  return static_cast<int>(minutes);
}

std::optional<DecodeError> check_profile(const boost::json::value& value, Placeholders placeholders) {
  const std::string path = "inputs.shellProfile";
  if (!value.is_object()) return DecodeError{path, "expected an object with linux and windows"};
  for (const auto& [key, text] : value.get_object()) {
    const auto member = fmt::format("{}.{}", path, std::string_view(key));
    if (std::ranges::find(kShells, std::string_view(key)) == std::end(kShells)) {
      return DecodeError{member, "is not known; there are linux (also used on macOS) and windows"};
    }
    if (!text.is_string()) return DecodeError{member, "expected a string; write it in quotes"};
    if (is_open(text, placeholders)) continue;
    const auto length = std::ranges::count_if(
        text.get_string(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (static_cast<std::size_t>(length) > kMaxProfileCharacters) {
      return DecodeError{
          member, fmt::format("has {} characters; at most {} are allowed", length, kMaxProfileCharacters)};
    }
  }
  return std::nullopt;
}

// One key other than shellProfile.
std::optional<std::string> check_key(std::string_view key, const boost::json::value& value) {
  for (const auto& known : text_keys()) {
    if (key == known.name) return check_text(known, value);
  }
  if (std::ranges::find(kFlags, key) != std::end(kFlags)) {
    return flag_of(value) ? std::nullopt : std::optional<std::string>("expected true or false");
  }
  for (const auto& known : {kIdle, kDuration}) {
    if (key != known.name) continue;
    const auto minutes = minutes_of(known, value);
    return minutes ? std::nullopt : std::optional(minutes.error());
  }
  return "is not a session preference, so nothing would honour it; known are s3BucketName, s3KeyPrefix, "
         "s3EncryptionEnabled, cloudWatchLogGroupName, cloudWatchEncryptionEnabled, "
         "cloudWatchStreamingEnabled, kmsKeyId, runAsEnabled, runAsDefaultUser, idleSessionTimeout, "
         "maxSessionDuration and shellProfile";
}

bool is_known(std::string_view key) {
  const bool text = std::ranges::any_of(text_keys(), [&](const TextKey& known) { return known.name == key; });
  return text || std::ranges::find(kFlags, key) != std::end(kFlags) || key == kIdle.name ||
         key == kDuration.name;
}

std::string text_or(const boost::json::object& from, std::string_view key, std::string_view otherwise) {
  const auto* found = from.if_contains(key);
  return std::string(found == nullptr ? otherwise : std::string_view(found->get_string()));
}

}  // namespace

std::optional<DecodeError> check_inputs(const boost::json::value& inputs, Placeholders placeholders) {
  if (!inputs.is_object()) return DecodeError{"inputs", "expected an object"};
  for (const auto& [key, value] : inputs.get_object()) {
    if (key == "shellProfile") {
      if (auto error = check_profile(value, placeholders)) return error;
      continue;
    }
    if (is_open(value, placeholders) && is_known(key)) continue;
    if (auto problem = check_key(key, value)) {
      return DecodeError{fmt::format("inputs.{}", std::string_view(key)), std::move(*problem)};
    }
  }
  return std::nullopt;
}

std::expected<SessionInputs, DecodeError> normalise_inputs(const boost::json::object& inputs) {
  if (auto error = check_inputs(inputs, Placeholders::kReplaced)) return std::unexpected(std::move(*error));
  SessionInputs out;
  const auto text = [&](std::string_view key) { out.wire.emplace(key, text_or(inputs, key, "")); };
  const auto flag = [&](std::string_view key) {
    const auto* found = inputs.if_contains(key);
    out.wire.emplace(key, found != nullptr && flag_of(*found).value_or(false));
  };
  const auto minutes = [&](const MinutesKey& key) -> std::optional<int> {
    const auto* found = inputs.if_contains(key.name);
    return found == nullptr ? std::nullopt : minutes_of(key, *found).value_or(std::nullopt);
  };
  text("s3BucketName");
  text("s3KeyPrefix");
  flag("s3EncryptionEnabled");
  text("cloudWatchLogGroupName");
  flag("cloudWatchEncryptionEnabled");
  flag("cloudWatchStreamingEnabled");
  text("kmsKeyId");
  flag("runAsEnabled");
  text("runAsDefaultUser");
  if (const auto idle = minutes(kIdle)) out.idle_timeout = std::chrono::minutes(*idle);
  out.wire.emplace(kIdle.name, std::to_string(out.idle_timeout.count()));
  const auto duration = minutes(kDuration);
  if (duration) out.max_duration = std::chrono::minutes(*duration);
  out.wire.emplace(kDuration.name, duration ? std::to_string(*duration) : "");
  const auto* given = inputs.if_contains("shellProfile");
  const boost::json::object none;
  const auto& profile = given == nullptr ? none : given->get_object();
  boost::json::object shells;
  for (const auto shell : kShells) shells.emplace(shell, text_or(profile, shell, ""));
  out.wire.emplace("shellProfile", std::move(shells));
  return out;
}

}  // namespace postern::aws

#include "aws/documents/session_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "aws/documents/forward_targets.h"
#include "aws/documents/placeholders.h"
#include "aws/validation.h"

namespace postern::aws {
namespace {

using Problem = std::optional<std::string>;

constexpr std::array<std::pair<SessionType, std::string_view>, 4> kTypes = {{
    {SessionType::kStandardStream, "Standard_Stream"},
    {SessionType::kInteractiveCommands, "InteractiveCommands"},
    {SessionType::kNonInteractiveCommands, "NonInteractiveCommands"},
    {SessionType::kPort, "Port"},
}};

/// As documents spell a platform, and as the API does.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPlatforms = {{
    {"windows", "Windows"},
    {"linux", "Linux"},
    {"macos", "MacOS"},
}};

constexpr std::string_view kLocalPortForwarding = "LocalPortForwarding";
constexpr std::size_t kMaxTargets = 100;
constexpr std::string_view kQuote = "expected a string; write it in quotes";

bool is_open(const boost::json::value& value, Placeholders placeholders) {
  return placeholders == Placeholders::kAllowed && value.is_string() && has_placeholder(value.get_string());
}

bool is_flag(const boost::json::value& value) {
  return value.is_bool() || value == "true" || value == "false";
}

Problem check_flag(const boost::json::value& value) {
  return is_flag(value) ? Problem() : Problem("expected true or false");
}

template <class Good>
Problem check_text(const boost::json::value& value, Good good, std::string_view expected) {
  if (!value.is_string()) return Problem(kQuote);
  return good(std::string_view(value.get_string())) ? Problem() : fmt::format("expected {}", expected);
}

Problem check_prefix(const boost::json::value& value) {
  static const Pattern prefix_pattern(R"([0-9a-zA-Z\r\n_:-]{0,30})");
  return check_text(
      value, [](std::string_view text) { return prefix_pattern.matches(text); },
      "at most 30 letters, digits, line ends, _, : and -");
}

Problem check_commands(const boost::json::value& value) {
  return check_text(
      value, [](std::string_view text) { return !text.contains('\0'); }, "text without zero bytes");
}

Problem check_absolute_path(const boost::json::value& value) {
  return check_text(
      value,
      [](std::string_view text) {
        return text.empty() || !destination_problem(fmt::format("unix:{}", text)).has_value();
      },
      "an absolute path of at most 107 bytes");
}

// `copyFiles` of Postern's own: what postern-agent copies instead of running a command.
Problem check_copy_files(const boost::json::value& value, Placeholders placeholders) {
  if (!value.is_object()) return "expected an object with direction and path";
  const auto& members = value.get_object();
  for (const auto& [key, member] : members) {
    if (key != "direction" && key != "path") return "expected an object with direction and path";
    if (!member.is_string()) return fmt::format("{}: {}", std::string_view(key), kQuote);
  }
  const auto* direction = members.if_contains("direction");
  const auto* path = members.if_contains("path");
  if (direction == nullptr || path == nullptr) return "expected an object with direction and path";
  if (!is_open(*direction, placeholders) && *direction != "upload" && *direction != "download") {
    return "direction: expected upload or download";
  }
  if (path->get_string().empty()) return "path: must not be empty";
  return std::nullopt;
}

Problem check_platform_key(SessionType type, std::string_view key, const boost::json::value& value) {
  if (key == "commands") return check_commands(value);
  if (key == "runAsElevated") return check_flag(value);
  const bool separate = type == SessionType::kNonInteractiveCommands;
  if (separate && key == "separateOutputStream") return check_flag(value);
  if (separate && (key == "stdOutSeparatorPrefix" || key == "stdErrSeparatorPrefix"))
    return check_prefix(value);
  return fmt::format(
      "is not known; known are commands, runAsElevated{}",
      separate ? ", separateOutputStream, stdOutSeparatorPrefix, stdErrSeparatorPrefix and copyFiles" : "");
}

std::optional<DecodeError> check_platform(SessionType type, const std::string& path,
                                          const boost::json::value& value, Placeholders placeholders) {
  if (!value.is_object()) return DecodeError{path, "expected an object with commands"};
  for (const auto& [key, member] : value.get_object()) {
    Problem problem;
    if (key == "copyFiles" && type == SessionType::kNonInteractiveCommands) {
      problem = check_copy_files(member, placeholders);
    } else if (is_open(member, placeholders)) {
      // Its value is checked when it is known; the name is checked with a value that every key takes.
      problem = check_platform_key(type, key, key == "commands" || key.ends_with("Prefix") ? "" : "true");
    } else {
      problem = check_platform_key(type, key, member);
    }
    if (problem) return DecodeError{fmt::format("{}.{}", path, std::string_view(key)), std::move(*problem)};
  }
  const auto* commands = value.get_object().if_contains("commands");
  const bool empty = commands == nullptr || commands->get_string().empty();
  if (empty && type != SessionType::kStandardStream)
    return DecodeError{path + ".commands", "is required: the command to run"};
  return std::nullopt;
}

std::optional<DecodeError> check_platforms(SessionType type, const boost::json::value& properties,
                                           Placeholders placeholders) {
  for (const auto& [key, value] : properties.get_object()) {
    const auto path = fmt::format("properties.{}", std::string_view(key));
    const bool known = std::ranges::any_of(
        kPlatforms, [&](const auto& platform) { return platform.first == std::string_view(key); });
    if (!known) return DecodeError{path, "is not a platform; there are linux, macos and windows"};
    if (auto error = check_platform(type, path, value, placeholders)) return error;
  }
  if (type != SessionType::kStandardStream && properties.get_object().empty()) {
    return DecodeError{"properties", "expected at least one of linux, macos and windows"};
  }
  return std::nullopt;
}

std::optional<DecodeError> check_targets(std::string_view key, const boost::json::value& value,
                                         Problem (*problem_of)(std::string_view), Placeholders placeholders) {
  const auto path = fmt::format("properties.{}", key);
  if (!value.is_array()) return DecodeError{path, "expected a list of strings"};
  const auto& list = value.get_array();
  if (list.size() > kMaxTargets)
    return DecodeError{path,
                       fmt::format("has {} elements; at most {} are allowed", list.size(), kMaxTargets)};
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (is_open(list[i], placeholders)) continue;
    auto problem = list[i].is_string() ? problem_of(list[i].get_string()) : Problem(kQuote);
    if (problem) return DecodeError{fmt::format("{}[{}]", path, i), std::move(*problem)};
  }
  return std::nullopt;
}

Problem check_host(const boost::json::value& value) {
  return check_text(
      value,
      [](std::string_view text) {
        return text.size() <= 255 && std::ranges::none_of(text, [](char c) {
                 return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '\x7f';
               });
      },
      "a host name or address");
}

Problem check_port_key(std::string_view key, const boost::json::value& value) {
  const auto port = [&](bool zero) {
    return check_text(
        value, [zero](std::string_view text) { return is_port(text, zero) || (zero && text.empty()); },
        zero ? "a port, 0 to 65535" : "a port, 1 to 65535");
  };
  if (key == "portNumber") return port(true);
  if (key == "localPortNumber") return port(true);
  if (key == "host") return check_host(value);
  if (key == "socket" || key == "localUnixSocket") return check_absolute_path(value);
  if (key == "type") {
    return check_text(
        value, [](std::string_view text) { return text.empty() || text == kLocalPortForwarding; },
        "LocalPortForwarding, or nothing for one plain connection");
  }
  if (key == "localConnectionType") {
    return check_text(
        value, [](std::string_view text) { return text.empty() || text == "tcp" || text == "unix"; },
        "tcp or unix");
  }
  return "is not known; known are portNumber, host, type, localPortNumber, localConnectionType, "
         "localUnixSocket, "
         "socket, destinations and listeners";
}

bool says(const boost::json::object& properties, std::string_view key) {
  const auto* found = properties.if_contains(key);
  return found != nullptr && found->is_string() && !found->get_string().empty();
}

// A port session needs somewhere to go.
std::optional<DecodeError> check_port_goal(const boost::json::object& properties) {
  const bool listed = properties.contains("destinations") || properties.contains("listeners");
  const auto* port = properties.if_contains("portNumber");
  const bool has_port = says(properties, "portNumber") && *port != "0";
  if (!has_port && !says(properties, "socket") && !listed)
    return DecodeError{"properties.portNumber", "is required: the port on the node, 1 to 65535"};
  if (says(properties, "socket") && (says(properties, "host") || says(properties, "portNumber"))) {
    return DecodeError{"properties.socket", "stands instead of host and portNumber, not beside them"};
  }
  const auto* type = properties.if_contains("type");
  if (listed && (type == nullptr || (*type == ""))) {
    return DecodeError{"properties.type", "must be LocalPortForwarding where destinations or listeners are"};
  }
  return std::nullopt;
}

std::optional<DecodeError> check_port(const boost::json::value& properties, Placeholders placeholders) {
  for (const auto& [key, value] : properties.get_object()) {
    if (key == "destinations" || key == "listeners") {
      if (is_open(value, placeholders)) continue;
      const auto problem_of = key == "destinations" ? destination_problem : listener_problem;
      if (auto error = check_targets(key, value, problem_of, placeholders)) return error;
      continue;
    }
    // An empty text is good for every known key, so only an unknown one fails.
    auto problem = check_port_key(key, is_open(value, placeholders) ? boost::json::value("") : value);
    if (problem) {
      return DecodeError{fmt::format("properties.{}", std::string_view(key)), std::move(*problem)};
    }
  }
  return check_port_goal(properties.get_object());
}

}  // namespace

std::string_view to_string(SessionType type) {
  return std::ranges::find(kTypes, type, &std::pair<SessionType, std::string_view>::first)->second;
}

std::optional<SessionType> session_type_from(std::string_view text) {
  for (const auto& [type, name] : kTypes) {
    if (name == text) return type;
  }
  return std::nullopt;
}

std::optional<DecodeError> check_properties(SessionType type, const boost::json::value& properties,
                                            Placeholders placeholders) {
  if (properties.is_null()) {
    if (type == SessionType::kStandardStream) return std::nullopt;
    return DecodeError{"properties", fmt::format("is required for the session type {}", to_string(type))};
  }
  if (!properties.is_object()) return DecodeError{"properties", "expected an object"};
  return type == SessionType::kPort ? check_port(properties, placeholders)
                                    : check_platforms(type, properties, placeholders);
}

boost::json::value normalise_properties(SessionType type, const boost::json::value& properties) {
  if (properties.is_null()) return boost::json::object{};
  auto out = properties;
  if (type == SessionType::kPort) return out;
  for (auto& [platform, members] : out.get_object()) {
    for (auto& [key, value] : members.get_object()) {
      if (key == "runAsElevated" || key == "separateOutputStream") value = value == true || value == "true";
    }
  }
  return out;
}

std::vector<std::string> platforms_of(SessionType type, const boost::json::value& properties) {
  const bool by_platform = type != SessionType::kPort && properties.is_object() &&
                           !properties.get_object().empty() && type != SessionType::kStandardStream;
  std::vector<std::string> out;
  for (const auto& [key, name] : kPlatforms) {
    if (!by_platform || properties.get_object().contains(key)) out.emplace_back(name);
  }
  return out;
}

std::expected<boost::json::value, DecodeError> for_platform(SessionType type, boost::json::value properties,
                                                            std::string_view platform) {
  if (type == SessionType::kPort || !properties.is_object()) return properties;
  const auto known =
      std::ranges::find(kPlatforms, platform, &std::pair<std::string_view, std::string_view>::second);
  if (known == kPlatforms.end()) return properties;
  const auto* own = properties.get_object().if_contains(known->first);
  if (own == nullptr) {
    // A shell without a command of its own is the node's own shell.
    if (type == SessionType::kStandardStream) return boost::json::object{};
    return std::unexpected(DecodeError{fmt::format("properties.{}", known->first),
                                       fmt::format("the document has no command for {}", platform)});
  }
  boost::json::object out;
  out.emplace(known->first, *own);
  return out;
}

}  // namespace postern::aws

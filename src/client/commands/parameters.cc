#include "client/commands/parameters.h"

#include <fmt/format.h>

#include "base/json_codec.h"

namespace postern::client {
namespace {

std::unexpected<std::string> wrong(std::string_view value, std::string_view why) {
  return std::unexpected(
      fmt::format(R"(--parameters {}: {}; expected NAME=VALUE or {{"NAME": ["VALUE", ...]}})", value, why));
}

std::expected<void, std::string> add_json(const std::string& value, SessionParameters& into) {
  const auto parsed = parse_json(value);
  if (!parsed) return wrong(value, "not valid JSON: " + parsed.error().message());
  if (!parsed->is_object()) return wrong(value, "it is no JSON object");
  for (const auto& [name, member] : parsed->get_object()) {
    auto& list = into[std::string(name)];
    if (member.is_string()) {
      list.emplace_back(member.get_string());
      continue;
    }
    auto texts = decode_json<std::map<std::string, std::vector<std::string>>>(
        boost::json::object{{std::string(name), member}});
    if (!texts) return wrong(value, texts.error().message());
    for (auto& text : texts->begin()->second) list.push_back(std::move(text));
  }
  return {};
}

}  // namespace

std::expected<SessionParameters, std::string> parse_parameters(const std::vector<std::string>& values) {
  SessionParameters parameters;
  for (const auto& value : values) {
    if (value.find_first_not_of(" \t\n") != std::string::npos &&
        value[value.find_first_not_of(" \t\n")] == '{') {
      if (auto added = add_json(value, parameters); !added) return std::unexpected(std::move(added.error()));
      continue;
    }
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0) return wrong(value, "there is no name before a =");
    parameters[value.substr(0, equals)].push_back(value.substr(equals + 1));
  }
  return parameters;
}

}  // namespace postern::client

#include "client/commands/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

namespace postern::client {
namespace {

// The next argument that is neither an option nor its value, from `from` on.
std::size_t next_word(std::span<const char* const> arguments, std::size_t from) {
  constexpr std::array<std::string_view, 5> kWithValue = {"--profile", "--region", "--endpoint-url",
                                                          "--ca-bundle", "--reason"};
  for (auto i = from; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with('-')) return i;
    if (std::ranges::find(kWithValue, argument) != kWithValue.end()) ++i;
  }
  return arguments.size();
}

}  // namespace

std::size_t own_arguments(std::span<const char* const> arguments) {
  const auto command = next_word(arguments, 1);
  if (command >= arguments.size()) return arguments.size();
  const std::string_view name = arguments[command];
  if (name != "exec" && name != "ssh") return arguments.size();
  return std::min(next_word(arguments, command + 1) + 1, arguments.size());
}

void add_connection_options(CLI::App& app, ConfigFlags& flags) {
  app.add_option("--profile", flags.profile, "Profile of the AWS configuration files");
  app.add_option("--region", flags.region, "Region that requests are signed for");
  app.add_option("--endpoint-url", flags.endpoint_url, "Where the service is: https://HOST[:PORT]");
  app.add_option("--ca-bundle", flags.ca_bundle, "PEM file of the CAs to trust instead of the system's");
}

}  // namespace postern::client

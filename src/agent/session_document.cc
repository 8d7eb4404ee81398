#include "agent/session_document.h"

#include <algorithm>

namespace postern::agent {
namespace {

// As in the document. Official agents discard a start message whose texts have another type.
struct ShellProfile {
  static constexpr auto kMemberNames = MemberNames::kSnake;
  std::optional<std::string> linux;
};
BOOST_DESCRIBE_STRUCT(ShellProfile, (), (linux))

struct RawInputs {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::optional<std::string> kms_key_id;
  boost::json::value run_as_enabled;
  std::optional<std::string> run_as_default_user;
  std::optional<ShellProfile> shell_profile;
};
BOOST_DESCRIBE_STRUCT(RawInputs, (), (kms_key_id, run_as_enabled, run_as_default_user, shell_profile))

struct RawCommand {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::optional<std::string> commands;
  boost::json::value run_as_elevated;
  boost::json::value separate_output_stream;
  std::optional<std::string> std_out_separator_prefix;
  std::optional<std::string> std_err_separator_prefix;
  std::optional<CopyFiles> copy_files;
};
BOOST_DESCRIBE_STRUCT(RawCommand, (),
                      (commands, run_as_elevated, separate_output_stream, std_out_separator_prefix,
                       std_err_separator_prefix, copy_files))

struct RawProperties {
  static constexpr auto kMemberNames = MemberNames::kSnake;
  std::optional<RawCommand> linux;
};
BOOST_DESCRIBE_STRUCT(RawProperties, (), (linux))

bool absent(const boost::json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty());
}

}  // namespace

std::expected<bool, std::string> read_flag(const boost::json::value& value, const std::string& name) {
  if (absent(value)) return false;
  if (value.is_bool()) return value.get_bool();
  if (value.is_string() && value.get_string() == "true") return true;
  if (value.is_string() && value.get_string() == "false") return false;
  return std::unexpected("The session document's " + name + " must be true or false.");
}

std::expected<SessionInputs, std::string> read_inputs(const wire::SessionDocument& document) {
  SessionInputs inputs;
  if (absent(document.inputs)) return inputs;
  auto raw = decode_json<RawInputs>(document.inputs);
  if (!raw) return std::unexpected("The session document's inputs can't be read: " + raw.error().message());
  const auto run_as = read_flag(raw->run_as_enabled, "runAsEnabled");
  if (!run_as) return std::unexpected(run_as.error());
  inputs.run_as_enabled = *run_as;
  inputs.kms_key_id = raw->kms_key_id.value_or("");
  inputs.run_as_default_user = raw->run_as_default_user.value_or("");
  if (raw->shell_profile) inputs.shell_profile = raw->shell_profile->linux.value_or("");
  return inputs;
}

std::expected<CommandProperties, std::string> read_command_properties(const wire::SessionDocument& document) {
  CommandProperties properties;
  if (absent(document.properties)) return properties;
  auto raw = decode_json<RawProperties>(document.properties);
  if (!raw) {
    return std::unexpected("The session document's properties can't be read: " + raw.error().message());
  }
  if (!raw->linux) return properties;
  const auto elevated = read_flag(raw->linux->run_as_elevated, "runAsElevated");
  if (!elevated) return std::unexpected(elevated.error());
  const auto separate = read_flag(raw->linux->separate_output_stream, "separateOutputStream");
  if (!separate) return std::unexpected(separate.error());
  properties.run_as_elevated = *elevated;
  properties.separate_output_stream = *separate;
  properties.commands = raw->linux->commands.value_or("");
  properties.std_out_separator_prefix = raw->linux->std_out_separator_prefix.value_or("");
  properties.std_err_separator_prefix = raw->linux->std_err_separator_prefix.value_or("");
  properties.copy_files = std::move(raw->linux->copy_files);
  for (const auto& prefix : {properties.std_out_separator_prefix, properties.std_err_separator_prefix}) {
    if (!valid_output_prefix(prefix)) {
      return std::unexpected(
          "The session document's output prefixes may hold up to 30 letters, digits, line ends and _ : - "
          "only.");
    }
  }
  return properties;
}

bool valid_output_prefix(std::string_view prefix) {
  constexpr std::string_view kOthers = "\r\n_:-";
  return prefix.size() <= 30 && std::ranges::all_of(prefix, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kOthers.contains(c);
         });
}

}  // namespace postern::agent

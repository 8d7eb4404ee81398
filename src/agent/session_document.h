#pragma once

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>

#include "wire/control_payloads.h"

/// What the agent reads of a session document (control-plane.md 5.1). The service has resolved parameters,
/// defaults and placeholders; nothing is substituted here. Errors are texts for the person.
namespace postern::agent {

/// Of `inputs`, the session preferences.
struct SessionInputs {
  std::string kms_key_id;
  bool run_as_enabled = false;
  std::string run_as_default_user;
  /// Typed into a shell at its start; empty when there is none.
  std::string shell_profile;
};
std::expected<SessionInputs, std::string> read_inputs(const wire::SessionDocument& document);

/// What a document says about a file copy (docs/protocol.md): our addition.
struct CopyFiles {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  /// See parse_copy_direction().
  std::string direction;
  /// Relative ones begin where commands start.
  std::string path;
};
BOOST_DESCRIBE_STRUCT(CopyFiles, (), (direction, path))

/// Of `properties.linux`.
struct CommandProperties {
  /// Empty: none given.
  std::string commands;
  /// Runs as the agent's user, whatever the preferences say.
  bool run_as_elevated = false;
  bool separate_output_stream = false;
  std::string std_out_separator_prefix;
  std::string std_err_separator_prefix;
  /// The agent's own end of a copy runs instead of `commands`.
  std::optional<CopyFiles> copy_files;
};
/// All defaults when the document has no such properties.
std::expected<CommandProperties, std::string> read_command_properties(const wire::SessionDocument& document);

/// A boolean of a document: true, false, their names as text, or absent for false.
std::expected<bool, std::string> read_flag(const boost::json::value& value, const std::string& name);

/// A prefix of output that a document may set: up to 30 letters, digits, CR, LF, `_`, `:` and `-`
/// (data-channel.md 6.3).
bool valid_output_prefix(std::string_view prefix);

}  // namespace postern::agent

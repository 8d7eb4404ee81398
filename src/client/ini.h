#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace postern::client {

/// One section of an AWS configuration file. Names of members are lower case, as botocore makes them.
struct IniSection {
  std::map<std::string, std::string> values;
  /// Members whose value is a block of indented `name = value` lines: `ssm =` with `endpoint_url = ...` under
  /// it.
  std::map<std::string, std::map<std::string, std::string>> blocks;

  bool operator==(const IniSection&) const = default;
};

/// Section name, as it stands between the brackets, to section.
using Ini = std::map<std::string, IniSection>;

/// Reads ~/.aws/config or ~/.aws/credentials the way botocore does: `#` and `;` begin comment lines, `=` or
/// `:` divide, an indented line continues the value above. A repeated member or section adds to the first,
/// the later value winning. Error: what is wrong, with its line.
std::expected<Ini, std::string> parse_ini(std::string_view text);

}  // namespace postern::client

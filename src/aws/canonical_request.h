#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The parts of a SigV4 canonical request that are rewritten before they are hashed.
namespace postern::aws {

/// `path` as it is on the request line: dot segments and repeated slashes removed, then percent-encoded once
/// more, so that a
/// `%40` becomes `%2540`. Services other than S3.
std::string canonical_path(std::string_view path);

/// Members decoded, encoded in SigV4's form and sorted by name, then value. `without` is a member to leave
/// out. Nothing when an escape is malformed.
std::optional<std::string> canonical_query(std::string_view query, std::string_view without = {});

/// Outer blanks removed, inner runs of blanks folded into one space.
std::string canonical_header_value(std::string_view value);

}  // namespace postern::aws

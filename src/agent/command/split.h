#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace postern::agent {

/// Splits a command line into words as sh does, without any expansion: blanks and line ends separate; inside
/// '...' everything stands for itself; inside "..." a backslash quotes `$`, a backquote, `"`, a backslash and
/// a line end; elsewhere it quotes any character, and vanishes together with a line end. Nothing else is
/// special, neither `#` nor `;`. The result may be empty. Error: a quote without its end, a backslash at the
/// end of the line, or a NUL byte, as a text for the person.
std::expected<std::vector<std::string>, std::string> split_command(std::string_view line);

}  // namespace postern::agent

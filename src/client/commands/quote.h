#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::client {

/// The arguments as one command line that both a shell and the split of an agent (data-channel.md 6.3) take
/// apart into exactly these again. No argument may hold a NUL byte.
std::string quote_command(const std::vector<std::string>& arguments);

/// One of them.
std::string quote_word(std::string_view word);

}  // namespace postern::client

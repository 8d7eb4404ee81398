#pragma once

#include <string_view>

namespace postern::client {

/// `postern: LINE` on standard error, made harmless for the terminal.
void say(std::string_view line);

}  // namespace postern::client

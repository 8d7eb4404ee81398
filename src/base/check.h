#pragma once

#include <source_location>

namespace postern {

/// Writes the place and the condition to standard error and aborts.
[[noreturn]] void check_failed(const char* condition,
                               std::source_location where = std::source_location::current());

}  // namespace postern

/// For our own bugs: aborts with file and line, in every build. Nothing a peer sends may reach a failing
/// check.
#define POSTERN_CHECK(condition) ((condition) ? void() : ::postern::check_failed(#condition))

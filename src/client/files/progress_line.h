#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "copy/progress.h"

namespace postern::client {

/// `1.5 GiB`: three or four digits and a unit.
std::string human_bytes(std::uint64_t bytes);

/// One line about a copy under way, no longer than `width` columns: the file in hand, a bar, how much of all,
/// how fast, and how long it will take yet. What comes from nodes is shown harmlessly.
std::string progress_line(const copy::Progress& progress, std::chrono::steady_clock::duration elapsed,
                          std::size_t width);

/// What a copy came to, for its last line.
std::string copy_summary(const copy::Progress& progress, std::chrono::steady_clock::duration elapsed);

}  // namespace postern::client

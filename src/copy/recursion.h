#pragma once

namespace postern::copy {

/// Whether directories are copied, with all that is in them.
enum class Recursion { kNo, kYes };

}  // namespace postern::copy

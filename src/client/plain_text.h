#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::client {

/// `text` for a terminal, with everything that could move the cursor, change colours or the reading direction
/// replaced by
/// `?`: control characters, U+0080 to U+009F, bidirectional overrides, bytes that are not UTF-8. What comes
/// from nodes is shown through this.
std::string harmless(std::string_view text);

/// Lines of columns padded to the same width, two blanks apart, the last column unpadded; cells pass
/// harmless(). `rows` have as many cells as `header`.
std::string format_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows);

}  // namespace postern::client

#pragma once

#include <string_view>

namespace postern::iam {

/// ArnLike and ArnEquals: "each of the six colon-delimited components of the ARN is checked separately" (IAM
/// User Guide, "Amazon Resource Name condition operators"), so that a wildcard does not cross a colon, except
/// in the last component, which may hold colons itself. `pattern` in the notation of glob.h. What does not
/// have six components matches nothing.
bool arn_matches(std::string_view pattern, std::string_view arn);

/// Has the text six components that begin with `arn`, wildcards allowed?
bool is_arn_pattern(std::string_view text);

}  // namespace postern::iam

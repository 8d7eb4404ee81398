#include "iam/arn_pattern.h"

#include <algorithm>

#include "iam/glob.h"

namespace postern::iam {
namespace {

// The part before the next colon, taken away with it; nothing left means that there was none.
bool next_component(std::string_view& text, std::string_view& component) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  component = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  return true;
}

}  // namespace

bool arn_matches(std::string_view pattern, std::string_view arn) {
  std::string_view wanted;
  std::string_view given;
  for (int i = 0; i < 5; ++i) {
    if (!next_component(pattern, wanted) || !next_component(arn, given) || !glob_match(wanted, given))
      return false;
    if (i == 0 && given != "arn") return false;
  }
  return glob_match(pattern, arn);
}

bool is_arn_pattern(std::string_view text) {
  return std::ranges::count(text, ':') >= 5 &&
         glob_match(encode_wildcards(text.substr(0, text.find(':'))), "arn");
}

}  // namespace postern::iam

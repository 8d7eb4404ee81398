#include "iam/action.h"

#include <algorithm>

#include "iam/text.h"

namespace postern::iam {
namespace {

std::string_view service_of(std::string_view action) {
  return action.substr(0, action.find(':'));
}

}  // namespace

ActionName::ActionName(std::string_view action) {
  if (action.size() > buffer_.size()) {
    long_ = folded(action);
    text_ = long_;
  } else {
    std::ranges::transform(action, buffer_.begin(), fold);
    text_ = {buffer_.data(), action.size()};
  }
  hash_ = hash_folded(text_);
  service_hash_ = hash_folded(service_of(text_));
}

ActionPattern::ActionPattern(std::string_view action) : glob_(encode_wildcards(folded(action))) {
  const auto has_wildcard = [](std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
  };
  if (!has_wildcard(action)) {
    filter_ = Filter::kWhole;
    hash_ = hash_folded(action);
  } else if (action.find(':') != std::string_view::npos && !has_wildcard(service_of(action))) {
    filter_ = Filter::kService;
    hash_ = hash_folded(service_of(action));
  }
}

}  // namespace postern::iam

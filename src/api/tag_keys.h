#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "iam/text.h"
#include "store/repositories.h"

/// Tags of resources and sessions. Policies compare their keys without regard to case, so keys that differ in
/// case only are one key: with two of them, a condition would be met by either value.
namespace postern::api {

/// Keys that begin with `aws:`, in any case, belong to the service.
bool is_reserved_tag_key(std::string_view key);

/// The first key that stands for the same as one before it; null when there is none. `tags` have a `key`.
template <class Tag>
const std::string* repeated_tag_key(const std::vector<Tag>& tags) {
  std::set<std::string> seen;
  for (const auto& tag : tags) {
    if (!seen.insert(postern::iam::folded(tag.key)).second) return &tag.key;
  }
  return nullptr;
}

/// What is wrong with the keys of a request, and what to do about it; nothing when they can be taken.
template <class Tag>
std::optional<std::string> tag_key_problem(const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    if (is_reserved_tag_key(tag.key))
      return "Tag keys that begin with aws: belong to the service: give " + tag.key + " another name.";
  }
  if (const auto* key = repeated_tag_key(tags))
    return "Tag keys must differ in more than case: give only one of those that are " + *key + '.';
  return std::nullopt;
}

/// The tag of this key, whatever its case.
store::Tags::const_iterator find_tag(const store::Tags& tags, std::string_view key);

/// What tags become when others are added: those of the same key are replaced, spelling and all.
store::Tags with_tags(store::Tags present, const store::Tags& added);

/// Adds tags to those that a resource has, as with_tags.
void put_tags(store::Repositories& repos, std::string_view resource_type, std::string_view resource_id,
              const store::Tags& added);

}  // namespace postern::api

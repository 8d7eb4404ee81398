#include "api/tag_keys.h"

#include <algorithm>

namespace postern::api {

bool is_reserved_tag_key(std::string_view key) {
  return postern::iam::equal_folded(key.substr(0, 4), "aws:");
}

store::Tags::const_iterator find_tag(const store::Tags& tags, std::string_view key) {
  return std::ranges::find_if(tags,
                              [key](const auto& tag) { return postern::iam::equal_folded(tag.first, key); });
}

store::Tags with_tags(store::Tags present, const store::Tags& added) {
  std::erase_if(present, [&](const auto& tag) { return find_tag(added, tag.first) != added.end(); });
  present.insert(added.begin(), added.end());
  return present;
}

void put_tags(store::Repositories& repos, std::string_view resource_type, std::string_view resource_id,
              const store::Tags& added) {
  std::vector<std::string> replaced;
  for (const auto& [key, value] : repos.tags.list(resource_type, resource_id)) {
    if (!added.contains(key) && find_tag(added, key) != added.end()) replaced.push_back(key);
  }
  if (!replaced.empty()) repos.tags.remove(resource_type, resource_id, replaced);
  repos.tags.put(resource_type, resource_id, added);
}

}  // namespace postern::api

#pragma once

#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "aws/validation.h"
#include "store/records.h"

namespace postern::api::ssm {

struct Tag {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

/// AWS allows this many tags on a resource.
inline constexpr std::size_t kMaxTags = 50;

inline void validate_tags(aws::Validation& validation, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    validation.length("tags.key", tag.key, 1, 128);
    validation.length("tags.value", tag.value, 0, 256);
  }
}

inline store::Tags to_record(const std::vector<Tag>& tags) {
  store::Tags out;
  for (const auto& tag : tags) out[tag.key] = tag.value;
  return out;
}

inline std::vector<Tag> to_shape(const store::Tags& tags) {
  std::vector<Tag> out;
  for (const auto& [key, value] : tags) out.push_back({key, value});
  return out;
}

}  // namespace postern::api::ssm

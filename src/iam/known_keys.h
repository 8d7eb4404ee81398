#pragma once

#include <cstdint>
#include <string_view>

namespace postern::iam {

/// A small number for each key that most requests have, so that these are found without comparing names;
/// kNoNumber for all others. It decides nothing: keys without a number are found by name.
using KeyNumber = std::uint8_t;
constexpr KeyNumber kNoNumber = 0;
/// Numbers are below this.
constexpr KeyNumber kKeyNumbers = 32;

/// `hash` is hash_folded(key). The case of letters doesn't matter.
KeyNumber known_key(std::string_view key, std::uint64_t hash);

}  // namespace postern::iam

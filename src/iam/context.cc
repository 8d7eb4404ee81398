#include "iam/context.h"

#include <algorithm>

#include "iam/text.h"

namespace postern::iam {
namespace {

using Entries = std::vector<Context::Entry>;

// Where the values of a key that is not known stand, or the end.
std::pair<std::size_t, std::size_t> range(const Entries& entries, std::uint64_t hash, std::string_view name) {
  // Names of tags come from others, who could make hashes collide, so that names are compared too: first as
  // they are, which is quick.
  const auto is_key = [&](const Context::Entry& entry) {
    return entry.hash == hash && (entry.key == name || equal_folded(entry.key, name));
  };
  const auto begin = std::ranges::find_if(entries, is_key);
  const auto end = std::find_if_not(begin, entries.end(), is_key);
  return {begin - entries.begin(), end - entries.begin()};
}

}  // namespace

ContextKey::ContextKey(std::string_view text)
    : spelling(text), hash(hash_folded(text)), number(known_key(text, hash)) {}

void Context::add(std::string_view key, std::string_view value) {
  const auto hash = hash_folded(key);
  const auto number = known_key(key, hash);
  auto end = entries_.size();
  if (number == kNoNumber) {
    end = range(entries_, hash, key).second;
  } else if (known_[number].count > 0) {
    end = known_[number].begin + known_[number].count;
  }
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(end), {hash, number, key, value});
  const auto at = static_cast<std::uint32_t>(end);
  // Only another value of an earlier key moves what stands behind it.
  if (end + 1 < entries_.size()) {
    for (auto& range : known_) {
      if (range.count > 0 && range.begin >= at) ++range.begin;
    }
  }
  if (number == kNoNumber) return;
  if (known_[number].count++ == 0) known_[number].begin = at;
}

void Context::clear() {
  entries_.clear();
  known_.fill({});
}

std::span<const Context::Entry> Context::find_by_name(const ContextKey& key) const {
  const auto [begin, end] = range(entries_, key.hash, key.spelling);
  return std::span(entries_).subspan(begin, end - begin);
}

}  // namespace postern::iam

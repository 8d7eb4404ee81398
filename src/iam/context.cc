#include "iam/context.h"

#include <algorithm>

#include "iam/text.h"

namespace postern::iam {
namespace {

using Entries = std::vector<Context::Entry>;

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

ContextKey::ContextKey(std::string_view text) : spelling(text), hash(hash_folded(text)) {}

void Context::add(std::string_view key, std::string_view value) {
  const auto hash = hash_folded(key);
  const auto end = range(entries_, hash, key).second;
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(end), {hash, key, value});
}

std::span<const Context::Entry> Context::find(const ContextKey& key) const {
  const auto [begin, end] = range(entries_, key.hash, key.spelling);
  return std::span(entries_).subspan(begin, end - begin);
}

std::span<const Context::Entry> ContextView::find(const ContextKey& key) const {
  if (resource != nullptr) {
    if (const auto found = resource->find(key); !found.empty()) return found;
  }
  return request != nullptr ? request->find(key) : std::span<const Context::Entry>();
}

}  // namespace postern::iam

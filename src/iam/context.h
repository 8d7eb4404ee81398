#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iam/known_keys.h"

namespace postern::iam {

/// A context key's name, prepared for looking it up. Names are compared without regard to case, tag keys
/// after a slash included.
struct ContextKey {
  /// As it was written: usually as requests write it too.
  std::string spelling;
  std::uint64_t hash = 0;
  KeyNumber number = kNoNumber;

  explicit ContextKey(std::string_view text);
};

/// What is known about a request: keys and their values. Nothing is copied: names and values must outlive the
/// context. Not synchronised; reading from several threads at once is fine.
class Context {
 public:
  struct Entry {
    std::uint64_t hash;
    KeyNumber number;
    std::string_view key;
    std::string_view value;
  };

  /// Another value of the key, or its first. Dates are ISO 8601 or epoch seconds, booleans `true` or `false`,
  /// binary values base64.
  void add(std::string_view key, std::string_view value);
  void reserve(std::size_t values) { entries_.reserve(values); }
  void clear();

  /// The values in the order in which they were added; empty when the key is absent.
  std::span<const Entry> find(const ContextKey& key) const {
    return key.number == kNoNumber ? find_by_name(key) : known(key.number);
  }
  /// All of them; a key's values stand together.
  std::span<const Entry> entries() const { return entries_; }

 private:
  /// The values of a known key in entries_.
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };

  std::span<const Entry> known(KeyNumber number) const {
    return std::span(entries_).subspan(known_[number].begin, known_[number].count);
  }
  std::span<const Entry> find_by_name(const ContextKey& key) const;

  std::vector<Entry> entries_;
  std::array<Range, kKeyNumbers> known_;
};

/// The keys of a request, and before them those of one of its resources (its tags, say), which hide the
/// former's.
struct ContextView {
  const Context* resource = nullptr;
  const Context* request = nullptr;

  std::span<const Context::Entry> find(const ContextKey& key) const {
    if (resource != nullptr) {
      if (const auto found = resource->find(key); !found.empty()) return found;
    }
    return request != nullptr ? request->find(key) : std::span<const Context::Entry>();
  }
};

}  // namespace postern::iam

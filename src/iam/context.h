#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::iam {

/// A context key's name, prepared for looking it up. Names are compared without regard to case, tag keys
/// after a slash included.
struct ContextKey {
  /// As it was written: usually as requests write it too.
  std::string spelling;
  std::uint64_t hash = 0;

  explicit ContextKey(std::string_view text);
};

/// What is known about a request: keys and their values. Nothing is copied: names and values must outlive the
/// context. Not synchronised; reading from several threads at once is fine.
class Context {
 public:
  struct Entry {
    std::uint64_t hash;
    std::string_view key;
    std::string_view value;
  };

  /// Another value of the key, or its first. Dates are ISO 8601 or epoch seconds, booleans `true` or `false`,
  /// binary values base64.
  void add(std::string_view key, std::string_view value);
  void reserve(std::size_t values) { entries_.reserve(values); }
  void clear() { entries_.clear(); }

  /// The values in the order in which they were added; empty when the key is absent.
  std::span<const Entry> find(const ContextKey& key) const;
  /// All of them; a key's values stand together.
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

/// The keys of a request, and before them those of one of its resources (its tags, say), which hide the
/// former's.
struct ContextView {
  const Context* resource = nullptr;
  const Context* request = nullptr;

  std::span<const Context::Entry> find(const ContextKey& key) const;
};

}  // namespace postern::iam

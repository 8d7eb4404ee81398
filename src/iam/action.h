#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "iam/glob.h"

namespace postern::iam {

/// A request's action in lower case, and what its patterns are first compared by. Allocates only for names
/// longer than any that exists.
class ActionName {
 public:
  explicit ActionName(std::string_view action);
  ActionName(const ActionName&) = delete;
  ActionName& operator=(const ActionName&) = delete;

  std::string_view text() const { return text_; }
  /// Of the whole, and of what stands before the colon.
  std::uint64_t hash() const { return hash_; }
  std::uint64_t service_hash() const { return service_hash_; }

 private:
  std::array<char, 128> buffer_;
  std::string long_;
  std::string_view text_;
  std::uint64_t hash_;
  std::uint64_t service_hash_;
};

/// One entry of an Action element. Most are about another service or action, which a comparison of hashes
/// finds out.
class ActionPattern {
 public:
  explicit ActionPattern(std::string_view action);

  bool matches(const ActionName& action) const {
    switch (filter_) {
      case Filter::kNone:
        break;
      case Filter::kService:
        if (action.service_hash() != hash_) return false;
        break;
      case Filter::kWhole:
        if (action.hash() != hash_) return false;
        break;
    }
    return glob_.matches(action.text());
  }

 private:
  enum class Filter : std::uint8_t { kNone, kService, kWhole };

  Glob glob_;
  Filter filter_ = Filter::kNone;
  std::uint64_t hash_ = 0;
};

}  // namespace postern::iam

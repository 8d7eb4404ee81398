#include "gateway/one_time_tokens.h"

#include <algorithm>

#include "auth/token.h"

namespace postern::gateway {

std::string OneTimeTokens::issue(const std::string& key, Instant now) {
  auto token = auth::Token::make();
  const std::lock_guard lock(mutex_);
  auto& entries = entries_[key];
  if (entries.size() >= kPerKey) entries.erase(entries.begin());
  entries.push_back({std::move(token.hash), now + kLifetime});
  return std::move(token.value);
}

bool OneTimeTokens::redeem(const std::string& key, const std::string& token, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  auto& entries = found->second;
  const auto entry = std::ranges::find_if(
      entries, [&](const Entry& e) { return e.expires > now && auth::token_matches(token, e.hash); });
  if (entry == entries.end()) return false;
  entries.erase(entry);
  if (entries.empty()) entries_.erase(found);
  return true;
}

void OneTimeTokens::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  entries_.erase(key);
}

void OneTimeTokens::sweep(Instant now) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    std::erase_if(entry->second, [&](const Entry& e) { return e.expires <= now; });
    entry = entry->second.empty() ? entries_.erase(entry) : std::next(entry);
  }
}

std::size_t OneTimeTokens::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const auto& [key, entries] : entries_) total += entries.size();
  return total;
}

}  // namespace postern::gateway

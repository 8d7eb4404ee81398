#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace postern::gateway {

/// Tokens that a node fetches (CreateControlChannel, CreateDataChannel) and presents in the first frame of
/// the WebSocket it opens next. Only hashes are kept, in memory: after a restart of the service the node
/// fetches another. Thread-safe.
class OneTimeTokens {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// How long a token waits for its WebSocket.
  static constexpr std::chrono::seconds kLifetime{60};
  /// Unused tokens kept per key; a further one replaces the oldest.
  static constexpr std::size_t kPerKey = 4;

  /// A new token for `key` (a node id or a session id).
  std::string issue(const std::string& key, Instant now);

  /// True once for a token issued for exactly this key and not expired.
  bool redeem(const std::string& key, const std::string& token, Instant now);

  /// Forgets the key's tokens.
  void forget(const std::string& key);

  /// Forgets what has expired.
  void sweep(Instant now);

  std::size_t size() const;

 private:
  struct Entry {
    std::string hash;
    Instant expires;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Entry>> entries_;
};

}  // namespace postern::gateway

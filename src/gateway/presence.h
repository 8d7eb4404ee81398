#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

namespace postern::gateway {

/// Which nodes have an open control channel. Thread-safe.
class Presence {
 public:
  void add(const std::string& node_id) {
    const std::lock_guard lock(mutex_);
    ++channels_[node_id];
  }

  /// Undoes one add(): while a new channel replaces an old one the node counts as present throughout.
  void remove(const std::string& node_id) {
    const std::lock_guard lock(mutex_);
    const auto found = channels_.find(node_id);
    if (found != channels_.end() && --found->second == 0) channels_.erase(found);
  }

  bool connected(const std::string& node_id) const {
    const std::lock_guard lock(mutex_);
    return channels_.contains(node_id);
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, int> channels_;
};

}  // namespace postern::gateway

#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "store/store.h"

namespace postern::auth {

/// When access keys and roles were last used, gathered and written together: a write per request would cost
/// more than the request. What a crash loses is the last few seconds. Thread-safe.
class KeyUses {
 public:
  /// The first use after a quiet time is written at once, what follows within this time together.
  static constexpr std::chrono::seconds kInterval{5};

  explicit KeyUses(store::Store& store) : store_(store) {}

  /// `id`: an access key's, or a role's unique id (`AROA...`).
  void note(std::string_view id, Timestamp now, std::string_view region, std::string_view service);
  /// Queues what has been gathered for writing, if there is anything.
  void flush();

 private:
  struct Use {
    Timestamp at;
    std::string region;
    std::string service;
  };
  using Uses = std::map<std::string, Use, std::less<>>;

  void write(Uses uses);

  store::Store& store_;
  std::mutex mutex_;
  Uses gathered_;
  Timestamp written_;
};

}  // namespace postern::auth

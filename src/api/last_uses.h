#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace postern::api {

/// Which actions users and roles were last allowed, for GetServiceLastAccessedDetails: gathered and written
/// together, since a write per request would cost more than the request. A crash loses the last seconds.
/// Thread-safe.
class LastUses {
 public:
  /// The first use after a quiet time is written at once, what follows within this time together.
  static constexpr std::chrono::seconds kInterval{5};
  /// An action that was noted is not noted again within this time: a report is read in hours and days.
  static constexpr std::chrono::minutes kResolution{1};

  explicit LastUses(store::Store& store) : store_(store) {}
  /// Writes what has been gathered.
  ~LastUses();
  LastUses(const LastUses&) = delete;
  LastUses& operator=(const LastUses&) = delete;

  /// Principals other than users and roles are left out.
  void note(store::LastAccessed use);

 private:
  // Bounds memory; when there are more, some are written more often.
  static constexpr std::size_t kMaxRemembered = 20'000;

  void write(std::vector<store::LastAccessed> uses);

  store::Store& store_;
  std::mutex mutex_;
  /// By principal, service and action.
  std::map<std::string, Timestamp> remembered_;
  std::vector<store::LastAccessed> gathered_;
  Timestamp written_;
};

}  // namespace postern::api

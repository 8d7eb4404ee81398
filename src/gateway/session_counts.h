#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

namespace postern::gateway {

/// How many sessions may be live at once.
struct SessionLimits {
  /// An official agent with 1000 sessions stops hearing its control channel for good (control-plane.md trap
  /// 45).
  std::size_t per_node = 500;
  /// By owner.
  std::size_t per_user = 1000;
  std::size_t total = 10'000;
};

/// Counts live sessions and refuses what would be too many. Thread-safe: a place is counted in the same step
/// as it is checked, so starts at the same moment can't pass a limit together.
class SessionCounts {
 public:
  explicit SessionCounts(SessionLimits limits);
  ~SessionCounts();

  /// One session's place, given back when it is destroyed, on any thread; it may outlive the counts.
  class Place {
   public:
    Place();
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    friend class SessionCounts;
    struct Taken;
    explicit Place(std::unique_ptr<Taken> taken);
    std::unique_ptr<Taken> taken_;
  };

  /// A place for a session of the owner `user` on `node`. The error names the limit and what to do, for the
  /// person.
  std::expected<Place, std::string> take(const std::string& node, const std::string& user);

  /// A place in any case: for sessions that are there already when the service starts.
  Place take_anyway(const std::string& node, const std::string& user);

 private:
  struct Table;
  std::shared_ptr<Table> table_;
};

}  // namespace postern::gateway

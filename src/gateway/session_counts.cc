#include "gateway/session_counts.h"

#include <fmt/format.h>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace postern::gateway {

struct SessionCounts::Table {
  explicit Table(SessionLimits most) : limits(most) {}

  const SessionLimits limits;
  std::mutex mutex;
  std::size_t total = 0;
  std::unordered_map<std::string, std::size_t> nodes;
  std::unordered_map<std::string, std::size_t> users;

  void count(const std::string& node, const std::string& user) {
    ++total;
    ++nodes[node];
    ++users[user];
  }
  void discount(const std::string& node, const std::string& user) {
    const std::lock_guard lock(mutex);
    --total;
    if (const auto found = nodes.find(node); --found->second == 0) nodes.erase(found);
    if (const auto found = users.find(user); --found->second == 0) users.erase(found);
  }
  static std::size_t of(const std::unordered_map<std::string, std::size_t>& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  }
};

struct SessionCounts::Place::Taken {
  std::shared_ptr<Table> table;
  std::string node;
  std::string user;

  Taken(std::shared_ptr<Table> counts, std::string at, std::string by)
      : table(std::move(counts)), node(std::move(at)), user(std::move(by)) {}
  ~Taken() { table->discount(node, user); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
};

SessionCounts::Place::Place() = default;
SessionCounts::Place::Place(Place&& other) noexcept = default;
SessionCounts::Place::Place(std::unique_ptr<Taken> taken) : taken_(std::move(taken)) {}
SessionCounts::Place& SessionCounts::Place::operator=(Place&& other) noexcept = default;
SessionCounts::Place::~Place() = default;

SessionCounts::SessionCounts(SessionLimits limits) : table_(std::make_shared<Table>(limits)) {}
SessionCounts::~SessionCounts() = default;

std::expected<SessionCounts::Place, std::string> SessionCounts::take(const std::string& node,
                                                                     const std::string& user) {
  {
    const std::lock_guard lock(table_->mutex);
    const auto& limits = table_->limits;
    if (Table::of(table_->nodes, node) >= limits.per_node) {
      return std::unexpected(
          fmt::format("{} has {} sessions, the most that a node may have (limits.sessions_per_node "
                      "of the service). End some of them with TerminateSession.",
                      node, limits.per_node));
    }
    if (Table::of(table_->users, user) >= limits.per_user) {
      return std::unexpected(
          fmt::format("You have {} sessions, the most that one user may have "
                      "(limits.sessions_per_user of the service). End some of them with "
                      "TerminateSession.",
                      limits.per_user));
    }
    if (table_->total >= limits.total) {
      return std::unexpected(
          fmt::format("The service has {} sessions, the most that it may have (limits.sessions). Try "
                      "again when others have ended, or ask its operator for a higher limit.",
                      limits.total));
    }
    table_->count(node, user);
  }
  return Place(std::make_unique<Place::Taken>(table_, node, user));
}

SessionCounts::Place SessionCounts::take_anyway(const std::string& node, const std::string& user) {
  {
    const std::lock_guard lock(table_->mutex);
    table_->count(node, user);
  }
  return Place(std::make_unique<Place::Taken>(table_, node, user));
}

}  // namespace postern::gateway

#include "bus/in_process_bus.h"

#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <utility>

namespace postern::bus {

struct InProcessBus::Table {
  struct Entry {
    boost::asio::any_io_executor executor;
    std::shared_ptr<Handler> handler;
  };
  std::mutex mutex;
  // Keyed by subscription number inside a subject, so that delivery follows the order of subscribing.
  std::map<std::string, std::map<std::uint64_t, Entry>, std::less<>> subjects;
  std::uint64_t next = 0;
};

InProcessBus::InProcessBus() : table_(std::make_shared<Table>()) {}
InProcessBus::~InProcessBus() = default;

bool InProcessBus::publish(std::string_view subject, std::string message) {
  const std::lock_guard lock(table_->mutex);
  const auto found = table_->subjects.find(subject);
  if (found == table_->subjects.end()) return false;
  const auto shared = std::make_shared<const std::string>(std::move(message));
  // Posted under the lock: otherwise two publishers could swap the order in which a subscriber sees their
  // messages.
  for (const auto& [number, entry] : found->second) {
    boost::asio::post(entry.executor, [handler = entry.handler, shared] { (*handler)(*shared); });
  }
  return true;
}

std::unique_ptr<Subscription> InProcessBus::subscribe(std::string subject,
                                                      boost::asio::any_io_executor executor,
                                                      Handler handler) {
  class Held final : public Subscription {
   public:
    Held(std::shared_ptr<Table> table, std::string subject, std::uint64_t number)
        : table_(std::move(table)), subject_(std::move(subject)), number_(number) {}
    ~Held() override {
      const std::lock_guard lock(table_->mutex);
      const auto found = table_->subjects.find(subject_);
      found->second.erase(number_);
      if (found->second.empty()) table_->subjects.erase(found);
    }

   private:
    std::shared_ptr<Table> table_;
    std::string subject_;
    std::uint64_t number_;
  };

  const std::lock_guard lock(table_->mutex);
  const auto number = table_->next++;
  table_->subjects[subject].emplace(
      number, Table::Entry{std::move(executor), std::make_shared<Handler>(std::move(handler))});
  return std::make_unique<Held>(table_, std::move(subject), number);
}

}  // namespace postern::bus

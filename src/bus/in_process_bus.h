#pragma once

#include "bus/bus.h"

namespace postern::bus {

/// The bus of a single process: a table of handlers and a post to each one's executor.
class InProcessBus final : public Bus {
 public:
  InProcessBus();
  ~InProcessBus() override;

  bool publish(std::string_view subject, std::string message) override;
  std::unique_ptr<Subscription> subscribe(std::string subject, boost::asio::any_io_executor executor,
                                          Handler handler) override;

 private:
  struct Table;
  // Shared with the subscriptions, which may outlive the bus during shutdown.
  std::shared_ptr<Table> table_;
};

}  // namespace postern::bus

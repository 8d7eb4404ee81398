#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace postern::bus {

/// Keeps a subscription alive; destroying it ends it. A message already on its way may still arrive
/// afterwards, so handlers hold what they need weakly.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

/// Subjects and their subscribers. Thread-safe.
class Bus {
 public:
  using Handler = std::function<void(const std::string& message)>;
  virtual ~Bus() = default;

  /// Delivers `message` to the present subscribers of `subject`; false when there is none.
  virtual bool publish(std::string_view subject, std::string message) = 0;

  /// `handler` runs on `executor`, once per message, in order.
  virtual std::unique_ptr<Subscription> subscribe(std::string subject, boost::asio::any_io_executor executor,
                                                  Handler handler) = 0;
};

}  // namespace postern::bus

#include "bus/in_process_bus.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <vector>

namespace postern::bus {
namespace {

TEST(InProcessBus, DeliversInOrderOnTheSubscribersExecutor) {
  boost::asio::io_context context;
  InProcessBus bus;
  std::vector<std::string> seen;
  const auto subscription = bus.subscribe("node.1", context.get_executor(),
                                          [&](const std::string& message) { seen.push_back(message); });
  EXPECT_TRUE(bus.publish("node.1", "a"));
  EXPECT_TRUE(bus.publish("node.1", "b"));
  EXPECT_TRUE(seen.empty());
  context.run();
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST(InProcessBus, SaysWhenNobodyListens) {
  boost::asio::io_context context;
  InProcessBus bus;
  EXPECT_FALSE(bus.publish("node.1", "a"));
  auto subscription = bus.subscribe("node.1", context.get_executor(), [](const std::string&) {});
  EXPECT_FALSE(bus.publish("node.10", "a"));
  subscription.reset();
  EXPECT_FALSE(bus.publish("node.1", "a"));
}

TEST(InProcessBus, SubscriptionsMayOutliveTheBus) {
  boost::asio::io_context context;
  auto bus = std::make_unique<InProcessBus>();
  auto subscription = bus->subscribe("s", context.get_executor(), [](const std::string&) {});
  bus.reset();
  subscription.reset();
}

}  // namespace
}  // namespace postern::bus

#include "agent/agent_connection.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "agent/worker_socket.h"
#include "net/testing/run.h"

namespace postern::agent {
namespace {

/// A worker's end, and agents that come and go.
class AgentConnectionTest : public testing::Test {
 protected:
  AgentConnectionTest() {
    const auto made = make_worker_socket("mi-test-" + std::to_string(::getpid()));
    EXPECT_TRUE(made);
    name = made->name;
    worker = std::make_unique<AgentConnection>(context.get_executor(), made->descriptor);
    worker->on_message = [this](const ToWorker& message) { reasons.push_back(message.end.value_or("?")); };
    worker->on_come = [this] { ++come; };
    worker->on_go = [this] { ++gone; };
    worker->start();
  }
  std::unique_ptr<Link> agent() {
    const auto connection = connect_to_worker(name);
    EXPECT_TRUE(connection);
    return std::make_unique<Link>(context.get_executor(), connection.value_or(-1));
  }
  void tell(Link& from, const std::string& reason) {
    ToWorker message;
    message.end = reason;
    from.send(encode_json_text(message));
  }
  /// What the worker says next to this agent.
  std::string heard(Link& by) {
    const auto line = net::testing::run(context, by.read_line());
    const auto message = decode_json_text<FromWorker>(line.value_or(""));
    return message && message->completion ? message->completion->output : "";
  }
  void say(const std::string& output) {
    FromWorker message;
    message.completion = Completion{"Success", output};
    worker->send(message);
  }
  template <class Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_one_until(deadline);
    }
    EXPECT_TRUE(condition());
  }

  boost::asio::io_context context{1};
  std::string name;
  std::unique_ptr<AgentConnection> worker;
  std::vector<std::string> reasons;
  int come = 0;
  int gone = 0;
};

TEST_F(AgentConnectionTest, SpeaksToTheAgentThatIsThere) {
  EXPECT_FALSE(worker->present());
  say("nobody hears this");
  const auto link = agent();
  tell(*link, "one");
  run_until([&] { return reasons.size() == 1; });
  EXPECT_TRUE(worker->present());
  EXPECT_EQ(come, 1);
  say("yes");
  EXPECT_EQ(heard(*link), "yes");
}

TEST_F(AgentConnectionTest, OutlivesItsAgentAndSpeaksToTheNext) {
  const auto before = std::chrono::steady_clock::now();
  auto first = agent();
  run_until([&] { return come == 1; });
  first.reset();
  run_until([&] { return gone == 1; });
  EXPECT_FALSE(worker->present());
  EXPECT_GE(worker->absent_since(), before);
  const auto second = agent();
  run_until([&] { return come == 2; });
  EXPECT_TRUE(worker->present());
  say("still here");
  EXPECT_EQ(heard(*second), "still here");
}

TEST_F(AgentConnectionTest, LosesNothingThatTheFirstSaidBeforeItDied) {
  auto first = agent();
  tell(*first, "last words");
  net::testing::run(context, first->flush());
  first.reset();
  // Both are there before the worker has looked.
  const auto second = agent();
  run_until([&] { return come == 2 && gone == 1; });
  EXPECT_EQ(reasons, std::vector<std::string>{"last words"});
  EXPECT_TRUE(worker->present()) << "the end of the first is not the end of the second";
  say("to the second");
  EXPECT_EQ(heard(*second), "to the second");
}

TEST_F(AgentConnectionTest, TakesNobodyElseForItsAgent) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  // What /proc shows to everybody is the name; connecting is not enough.
  ASSERT_EQ(::seteuid(65534), 0);
  const auto refused = connect_to_worker(name);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(refused.error(), EPERM) << "nor does a stranger take the worker for its own";
  const auto link = agent();
  tell(*link, "one");
  run_until([&] { return reasons.size() == 1; });
  EXPECT_EQ(come, 1) << "the stranger's connection came before this one";
}

}  // namespace
}  // namespace postern::agent

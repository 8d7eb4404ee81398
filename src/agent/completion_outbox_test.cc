#include "agent/completion_outbox.h"

#include <gtest/gtest.h>

namespace postern::agent {
namespace {

using std::chrono::milliseconds;

class CompletionOutboxTest : public testing::Test {
 protected:
  void add(const char* session) {
    wire::AgentTaskComplete task;
    task.task_id = session;
    task.final_task_status = wire::kTaskSuccess;
    outbox.add(std::move(task));
  }
  /// `session/retry` of what is due; the id of the last one is kept.
  std::vector<std::string> due(int ms) {
    std::vector<std::string> out;
    while (const auto bytes = outbox.poll(at(ms))) {
      const auto message = wire::parse(*bytes);
      const auto task = decode_json_text<wire::AgentTaskComplete>(as_text(message->payload));
      out.push_back(task->task_id + '/' + std::to_string(*task->retry_number));
      id = message->header.stamp.message_id.to_string();
    }
    return out;
  }
  static CompletionOutbox::Time at(int ms) {
    return CompletionOutbox::Time(std::chrono::hours(1)) + milliseconds(ms);
  }

  using Texts = std::vector<std::string>;
  SystemClock clock;
  CompletionOutbox outbox{clock};
  std::string id;
};

TEST_F(CompletionOutboxTest, SendsThreeTimesASecondApart) {
  add("a");
  EXPECT_EQ(due(0), Texts{"a/1"});
  const auto first = id;
  EXPECT_EQ(due(999), Texts{});
  EXPECT_EQ(outbox.next_wakeup(), at(1000));
  EXPECT_EQ(due(1000), Texts{"a/2"});
  EXPECT_EQ(id, first);
  EXPECT_EQ(due(2000), Texts{"a/3"});
  EXPECT_EQ(due(60'000), Texts{});
  EXPECT_EQ(outbox.next_wakeup(), std::nullopt);
  EXPECT_FALSE(outbox.empty());
}

TEST_F(CompletionOutboxTest, StopsWhenAcknowledged) {
  add("a");
  due(0);
  outbox.on_acknowledge("dd01e56b-ff48-483e-a508-b5f073f31b16");
  EXPECT_FALSE(outbox.empty());
  outbox.on_acknowledge(id);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(due(1000), Texts{});
}

TEST_F(CompletionOutboxTest, StartsAgainOnTheNextControlChannel) {
  add("a");
  for (const int ms : {0, 1000, 2000}) due(ms);
  outbox.on_reconnect();
  add("b");
  EXPECT_EQ(due(3000), (Texts{"a/1", "b/1"}));
}

TEST_F(CompletionOutboxTest, ForgetsTheOldestBeyondItsBound) {
  for (int i = 0; i < 1001; ++i) add(std::to_string(i).c_str());
  EXPECT_EQ(due(0).front(), "1/1");
}

}  // namespace
}  // namespace postern::agent

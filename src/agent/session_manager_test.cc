#include "agent/session_manager.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "wire/control_payloads.h"

namespace postern::agent {
namespace {

/// Its workers are this test program, which runs no test, says nothing on its link, and ends.
class SessionManagerTest : public testing::Test {
 protected:
  static std::string content(const std::string& session_id) {
    wire::SessionStart start;
    start.session_id = session_id;
    start.document_content.session_type = wire::kStandardStream;
    return encode_json_text(start);
  }
  void run_until_empty() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!manager.empty() && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_for(std::chrono::milliseconds(5));
      manager.reap();
    }
    EXPECT_TRUE(manager.empty());
  }

  boost::asio::io_context context{1};
  std::vector<std::string> completed;
  std::vector<std::string> workers_argv = {"agent_test", "--gtest_brief=1", "--gtest_filter=-*"};
  SessionManager manager{context.get_executor(),
                         {"mi-1", "https://127.0.0.1:1", "us-east-1", "", workers_argv},
                         [this](const std::string& id, const Completion& completion) {
                           completed.push_back(id + ' ' + completion.status + ": " + completion.output);
                         }};
};

TEST_F(SessionManagerTest, ReportsAWorkerThatEndsWithoutAWord) {
  manager.start(content("alice-1"));
  EXPECT_EQ(manager.session_ids(), std::vector<std::string>{"alice-1"});
  run_until_empty();
  EXPECT_EQ(completed, std::vector<std::string>{"alice-1 Failed: The session worker ended with code 0"});
}

TEST_F(SessionManagerTest, StartsASessionOnce) {
  manager.start(content("alice-1"));
  manager.start(content("alice-1"));
  EXPECT_EQ(manager.session_ids().size(), 1u);
  run_until_empty();
  manager.start(content("alice-1"));
  EXPECT_TRUE(manager.empty()) << "not even after it has ended";
  EXPECT_EQ(completed.size(), 1u);
}

TEST_F(SessionManagerTest, RefusesWhatIsNoStartMessage) {
  for (const char* bad : {"", "[]", R"({"SessionId":"x"})", "{"}) manager.start(bad);
  manager.start(content("../../etc"));
  EXPECT_TRUE(manager.empty());
  EXPECT_TRUE(completed.empty());
}

TEST_F(SessionManagerTest, ReportsAWorkerThatWasKilled) {
  manager.start(content("alice-1"));
  manager.kill_all();
  run_until_empty();
  EXPECT_EQ(completed, std::vector<std::string>{"alice-1 Failed: The session worker was killed by signal 9"});
}

TEST_F(SessionManagerTest, OrdersForUnknownSessionsDoNothing) {
  manager.close("nobody-1");
  manager.end_all("stop");
  EXPECT_TRUE(completed.empty());
}

TEST(SessionId, MayOnlyHaveWhatAPathCarries) {
  for (const char* good : {"alice-0a1b2c3d4e5f67890", "a@b.c-0", "x", "a+b=c,d:e_f"}) {
    EXPECT_TRUE(valid_session_id(good)) << good;
  }
  for (const char* bad : {"", "a/b", "a b", "a%2f", "a?b", "a#b", "a\nb", "\xc3\xa9"}) {
    EXPECT_FALSE(valid_session_id(bad)) << bad;
  }
  EXPECT_TRUE(valid_session_id(std::string(124, 'x')));
  EXPECT_FALSE(valid_session_id(std::string(125, 'x')));
}

}  // namespace
}  // namespace postern::agent

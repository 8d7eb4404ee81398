#include "agent/session_manager.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>

#include "agent/worker_socket.h"
#include "copy/descriptor.h"
#include "net/testing/run.h"
#include "wire/control_payloads.h"

namespace postern::agent {
namespace {

/// Its workers are forked from this test; by default they say nothing and end.
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

  static int end_at_once(int) { return 0; }
  static int say_hello_and_hang(int socket) {
    pollfd ready{socket, POLLIN, 0};
    ::poll(&ready, 1, -1);
    FromWorker message;
    message.hello = WorkerHello{"alice-1", ::getpid()};
    const auto line = encode_json_text(message) + '\n';
    if (::write(::accept(socket, nullptr, nullptr), line.data(), line.size()) < 0) return 1;
    for (;;) ::pause();
  }

  explicit SessionManagerTest(const WorkerStarter::Work& work = end_at_once) : starter(work) {}

  /// Forked before there is a context.
  WorkerStarter starter;
  boost::asio::io_context context{1};
  /// Another one than any other process has.
  const std::string node_id = "mi-test-" + std::to_string(::getpid());
  std::vector<std::string> completed;
  SessionManager manager{context.get_executor(),
                         starter,
                         {node_id, "https://127.0.0.1:1", "us-east-1"},
                         [this](const std::string& id, const Completion& completion) {
                           completed.push_back(id + ' ' + completion.status + ": " + completion.output);
                         }};
};

TEST_F(SessionManagerTest, ReportsAWorkerThatEndsWithoutAWord) {
  manager.start(content("alice-1"));
  EXPECT_EQ(manager.session_ids(), std::vector<std::string>{"alice-1"});
  run_until_empty();
  EXPECT_EQ(completed,
            std::vector<std::string>{"alice-1 Failed: The session worker ended without saying why"});
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

class KilledWorkerTest : public SessionManagerTest {
 protected:
  KilledWorkerTest() : SessionManagerTest(say_hello_and_hang) {}
};

TEST_F(KilledWorkerTest, IsReportedWithItsSignal) {
  manager.start(content("alice-1"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!manager.empty() && std::chrono::steady_clock::now() < deadline) {
    context.restart();
    context.run_for(std::chrono::milliseconds(5));
    manager.reap();
    // Does nothing before the worker has said hello.
    manager.kill_all();
  }
  EXPECT_EQ(completed, std::vector<std::string>{"alice-1 Failed: The session worker was killed by signal 9"});
}

TEST_F(SessionManagerTest, SaysThatNoWorkerCanBeStartedAnyMore) {
  ::kill(starter.pid(), SIGKILL);
  ::waitpid(starter.pid(), nullptr, 0);
  EXPECT_FALSE(manager.starter_lost());
  manager.start(content("alice-1"));
  EXPECT_TRUE(manager.empty());
  EXPECT_TRUE(manager.starter_lost());
  ASSERT_EQ(completed.size(), 1u);
  EXPECT_TRUE(completed[0].starts_with("alice-1 Failed: No session worker: ")) << completed[0];
}

TEST_F(SessionManagerTest, OrdersForUnknownSessionsDoNothing) {
  manager.close("nobody-1");
  manager.end_all("stop");
  EXPECT_TRUE(completed.empty());
}

/// A worker whose agent has gone, as the next one finds it.
class AdoptionTest : public SessionManagerTest {
 protected:
  struct Orphan {
    copy::Descriptor listener;
    std::unique_ptr<Link> link;
  };
  Orphan orphan() {
    const auto made = make_worker_socket(node_id);
    EXPECT_TRUE(made);
    return {copy::Descriptor(made->descriptor), nullptr};
  }
  /// The manager has connected already, so that accept() does not wait.
  void introduce(Orphan& worker, const std::string& session_id) {
    worker.link = std::make_unique<Link>(context.get_executor(),
                                         ::accept4(worker.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    FromWorker message;
    message.hello = WorkerHello{session_id, ::getpid()};
    worker.link->send(encode_json_text(message));
  }
  ToWorker heard(Orphan& by) {
    const auto line = net::testing::run(context, by.link->read_line());
    return decode_json_text<ToWorker>(line.value_or("{}")).value_or(ToWorker{});
  }
  /// `act` is called once the manager has connected.
  template <class Act>
  void adopt(Act act) {
    bool done = false;
    boost::asio::co_spawn(context, manager.adopt(), [&](const std::exception_ptr&) { done = true; });
    context.restart();
    context.poll();
    EXPECT_FALSE(done) << "before the workers have said who they are";
    act();
    run_until([&] { return done; });
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
};

TEST_F(AdoptionTest, ListsWhatItFindsBeforeItGoesOn) {
  auto one = orphan();
  auto two = orphan();
  adopt([&] {
    introduce(one, "alice-1");
    introduce(two, "bob-2");
  });
  EXPECT_EQ(manager.session_ids(), (std::vector<std::string>{"alice-1", "bob-2"}));
  manager.start(content("alice-1"));
  EXPECT_EQ(manager.session_ids().size(), 2u) << "a start that is repeated to the next agent starts nothing";
}

TEST_F(AdoptionTest, OrdersReachAnAdoptedWorker) {
  auto worker = orphan();
  adopt([&] { introduce(worker, "alice-1"); });
  EXPECT_FALSE(heard(worker).role_token) << "there is none yet";
  manager.set_role_token({"ASIA", Secret("s"), Secret("t"), {}});
  EXPECT_EQ(heard(worker).role_token->access_key_id, "ASIA");
  manager.close("alice-1");
  EXPECT_TRUE(heard(worker).closed);
  manager.end_all("stop");
  EXPECT_EQ(heard(worker).end, "stop");
}

TEST_F(AdoptionTest, ReportsHowAnAdoptedSessionEnds) {
  auto worker = orphan();
  adopt([&] { introduce(worker, "alice-1"); });
  FromWorker message;
  message.completion = Completion{wire::kTaskSuccess, "bye"};
  worker.link->send(encode_json_text(message));
  net::testing::run(context, worker.link->flush());
  worker.link.reset();
  run_until([&] { return manager.empty(); });
  EXPECT_EQ(completed, std::vector<std::string>{"alice-1 Success: bye"});
}

TEST_F(AdoptionTest, ReportsAnAdoptedWorkerThatDies) {
  auto worker = orphan();
  adopt([&] { introduce(worker, "alice-1"); });
  worker.link.reset();
  run_until([&] { return manager.empty(); });
  EXPECT_EQ(completed,
            std::vector<std::string>{"alice-1 Failed: The session worker ended without saying why"});
}

TEST_F(AdoptionTest, ASecondWorkerOfASessionIsEnded) {
  auto one = orphan();
  auto two = orphan();
  adopt([&] {
    introduce(one, "alice-1");
    introduce(two, "alice-1");
  });
  EXPECT_EQ(manager.session_ids().size(), 1u);
  // Whichever was heard last.
  const auto first = heard(one).end;
  const auto second = heard(two).end;
  EXPECT_NE(first.has_value(), second.has_value());
}

TEST_F(AdoptionTest, DoesNotWaitForOneThatIsNone) {
  auto stranger = orphan();
  adopt([&] { stranger.listener.reset(); });
  EXPECT_TRUE(manager.empty());
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

#include "client/session/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>

#include "client/session/kinds.h"
#include "client/testing/fake_service.h"
#include "wire/control_payloads.h"
#include "wire/handshake.h"

namespace postern::client {
namespace {

// A session between a fake service and a terminal or pipes, all on this thread.
class TerminalSessionTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!end_) {
      service_.close_session("");
      service_.run_until([&] { return end_.has_value(); });
    }
    for (const int fd : {master_, slave_, keys_, shown_}) {
      if (fd >= 0) ::close(fd);
    }
  }

  void open_terminal() {
    const winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(::openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
    keys_ = ::dup(master_);
    shown_ = ::dup(master_);
  }

  /// Standard input and output as pipes.
  void open_pipes() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    ASSERT_EQ(::pipe(in.data()), 0);
    ASSERT_EQ(::pipe(out.data()), 0);
    slave_ = in[0];
    keys_ = in[1];
    shown_ = out[0];
    master_ = out[1];
    ::fcntl(shown_, F_SETFL, O_NONBLOCK);
  }

  void start(FrontEnd front_end = FrontEnd::kPostern) {
    const int output = ::isatty(slave_) == 1 ? slave_ : master_;
    session_.emplace(context_.get_executor(), service_.ticket(), service_.settings(), api_, tls_, clock_,
                     standard_kinds(context_.get_executor(), front_end,
                                    {.input = slave_, .output = output, .error = output}, exit_code_),
                     Expect::kTerminal);
    boost::asio::co_spawn(context_, session_->run(),
                          [this](const std::exception_ptr& failure, SessionEnd end) {
                            EXPECT_FALSE(failure);
                            end_ = std::move(end);
                          });
  }

  void type(std::string_view keys) {
    ASSERT_EQ(::write(keys_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void end_of_input() {
    ::close(keys_);
    keys_ = -1;
  }
  bool shows(std::string_view text) {
    return service_.run_until([&] {
      std::array<char, 4096> block;
      const auto got = ::read(shown_, block.data(), block.size());
      if (got > 0) screen_.append(block.data(), static_cast<std::size_t>(got));
      return screen_.find(text) != std::string::npos;
    });
  }
  bool node_gets(std::string_view typed) {
    return service_.run_until([&] { return service_.typed() == typed; });
  }
  bool ends() {
    return service_.run_until([&] { return end_.has_value(); });
  }
  bool is_raw() const {
    termios mode{};
    return ::tcgetattr(slave_, &mode) == 0 && (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  std::vector<std::string> sizes() const {
    std::vector<std::string> found;
    for (const auto& message : service_.received) {
      if (message.type == wire::PayloadType::kSize) found.push_back(message.payload);
    }
    return found;
  }

  boost::asio::io_context context_{1};
  testing::FakeService service_{context_};
  net::TlsClientContext tls_{service_.settings().ca_bundle};
  SystemClock clock_;
  ApiClient api_{service_.settings(), tls_, clock_};
  std::optional<int> exit_code_;
  std::optional<Session> session_;
  std::optional<SessionEnd> end_;
  int master_ = -1;
  int slave_ = -1;
  int keys_ = -1;
  int shown_ = -1;
  std::string screen_;
};

TEST_F(TerminalSessionTest, CarriesKeysAndOutputAndRestoresTheTerminal) {
  open_terminal();
  start();
  EXPECT_TRUE(is_raw());
  ASSERT_TRUE(service_.run_until([&] { return !service_.openings.empty(); }));
  EXPECT_EQ(service_.openings[0].token_value.reveal(), "first-token");
  EXPECT_EQ(service_.openings[0].client_version, kPluginVersion);
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  type("ls\r\x03");
  EXPECT_TRUE(node_gets("ls\r\x03"));
  service_.output("last words");
  service_.close_session("");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kClosed);
  EXPECT_TRUE(shows("last words"));
  EXPECT_FALSE(is_raw());
}

TEST_F(TerminalSessionTest, Trap45_TellsTheSizeFirstAndAfterEachChange) {
  open_terminal();
  start();
  ASSERT_TRUE(service_.run_until([&] { return !service_.received.empty(); }));
  EXPECT_EQ(service_.received[0].type, wire::PayloadType::kSize);
  EXPECT_EQ(service_.received[0].payload, R"({"cols":120,"rows":40})");
  const winsize size{.ws_row = 50, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(slave_, TIOCSWINSZ, &size), 0);
  ::raise(SIGWINCH);
  ASSERT_TRUE(service_.run_until([&] { return sizes().size() == 2; }));
  EXPECT_EQ(sizes()[1], R"({"cols":100,"rows":50})");
}

TEST_F(TerminalSessionTest, Trap45_WithoutATerminalTheSizeIsTheOfficialOne) {
  open_pipes();
  start();
  ASSERT_TRUE(service_.run_until([&] { return !service_.received.empty(); }));
  EXPECT_EQ(sizes(), std::vector<std::string>{R"({"cols":300,"rows":100})"});
}

TEST_F(TerminalSessionTest, ReadsAPipeToItsEndAndThenSendsEndOfFile) {
  open_pipes();
  start();
  type("id; exit\n");
  end_of_input();
  ASSERT_TRUE(service_.run_until([&] { return !service_.received.empty(); }));
  service_.output("$ ");
  ASSERT_TRUE(node_gets("id; exit\n\x04"));
  service_.output("uid=0");
  ASSERT_TRUE(shows("uid=0"));
  EXPECT_FALSE(end_.has_value());
  service_.close_session("");
  EXPECT_TRUE(ends());
}

TEST_F(TerminalSessionTest, TurnsSignalsIntoKeys) {
  open_pipes();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  ::raise(SIGINT);
  ASSERT_TRUE(node_gets("\x03"));
  ::raise(SIGQUIT);
  ASSERT_TRUE(node_gets("\x03\x1c"));
  ::raise(SIGTSTP);
  EXPECT_TRUE(node_gets("\x03\x1c\x1a"));
}

TEST_F(TerminalSessionTest, ResumesALostConnectionAndLosesNothing) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  for (int round = 1; round <= 3; ++round) {
    service_.cut();
    type("x");
    service_.output(std::to_string(round) + ";");
    ASSERT_TRUE(node_gets(std::string(static_cast<std::size_t>(round), 'x')));
    ASSERT_TRUE(shows(std::to_string(round) + ";"));
  }
  EXPECT_EQ(screen_, "$ 1;2;3;");
  EXPECT_EQ(service_.calls, (std::vector<std::string>{"ResumeSession", "ResumeSession", "ResumeSession"}));
  ASSERT_EQ(service_.openings.size(), 4U);
  EXPECT_EQ(service_.openings[3].token_value.reveal(), "next-token");
  EXPECT_EQ(service_.openings[3].client_id, service_.openings[0].client_id);
  EXPECT_NE(service_.openings[3].request_id, service_.openings[0].request_id);
}

// The service ends a session with a message or without a token, never with a Close.
TEST_F(TerminalSessionTest, Trap24_ACloseFrameIsALostConnectionWhateverItsCode) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  constexpr std::uint16_t kCodes[] = {1000, 1001, 1008, 4000};
  for (const auto code : kCodes) {
    const auto before = service_.openings.size();
    service_.cut(code);
    ASSERT_TRUE(service_.run_until([&] { return service_.openings.size() > before; })) << code;
    service_.output(std::to_string(code) + ";");
    ASSERT_TRUE(shows(std::to_string(code) + ";")) << code;
  }
  EXPECT_EQ(service_.calls, std::vector<std::string>(4, "ResumeSession"));
}

TEST_F(TerminalSessionTest, KeepsTryingToResume) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  net::Response busy;
  busy.status = 503;
  service_.next_answers.assign(4, busy);
  service_.cut();
  EXPECT_TRUE(service_.run_until([&] { return service_.openings.size() == 2; }));
  EXPECT_EQ(service_.calls.size(), 5U);
}

TEST_F(TerminalSessionTest, Trap24_EndsWhenTheServiceNoLongerResumes) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.resumable = false;
  service_.cut();
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kTimedOut);
  EXPECT_FALSE(is_raw());
}

TEST_F(TerminalSessionTest, EndsWhenResumingIsRefused) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  net::Response refused;
  refused.status = 400;
  refused.body = R"({"__type":"AccessDeniedException","Message":"no longer"})";
  service_.next_answers = {refused};
  service_.cut();
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kFailed);
  EXPECT_EQ(end_->text, "AccessDeniedException: no longer");
}

TEST_F(TerminalSessionTest, TerminatesTheSessionOnTheEscapeKeyAndOnHangup) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  type("~.");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kDisconnected);
  EXPECT_EQ(service_.calls, std::vector<std::string>{"TerminateSession"});
  EXPECT_FALSE(is_raw());

  session_.reset();
  end_.reset();
  start();
  service_.run_until([&] { return service_.openings.size() == 2; });
  ::raise(SIGHUP);
  ASSERT_TRUE(service_.run_until([&] { return !is_raw(); }));
  // The second hangup of a terminal that goes away must not kill us in the middle of saying so.
  ::raise(SIGHUP);
  ASSERT_TRUE(ends());
  EXPECT_EQ(service_.calls.size(), 2U);
}

// An official agent's shell says nothing for its first second.
TEST_F(TerminalSessionTest, Trap53_HoldsBackWhatIsTypedBeforeTheNodeListens) {
  open_terminal();
  start();
  type("early");
  ASSERT_TRUE(service_.run_until([&] { return !service_.received.empty(); }));
  EXPECT_FALSE(service_.run_until([&] { return !service_.typed().empty(); }, std::chrono::milliseconds(100)));
  service_.output("$ ");
  ASSERT_TRUE(node_gets("early"));
  EXPECT_EQ(service_.received[0].type, wire::PayloadType::kSize);
}

TEST_F(TerminalSessionTest, GivesUpAStartOnCtrlC) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  type("\x03");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kDisconnected);
  EXPECT_EQ(service_.calls, std::vector<std::string>{"TerminateSession"});
}

TEST_F(TerminalSessionTest, DoesNotStopForABlockedReaderOfItsOutput) {
  open_pipes();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  std::string flood;
  for (int i = 0; i < 64; ++i) flood += std::string(32 * 1024, static_cast<char>('a' + i % 26));
  for (std::size_t at = 0; at < flood.size(); at += 32 * 1024)
    service_.output(std::string_view(flood).substr(at, 32 * 1024));
  // Nobody reads, and yet keys pass.
  type("still here");
  ASSERT_TRUE(node_gets("still here"));
  ASSERT_TRUE(service_.run_until([&] {
    std::array<char, 65536> block;
    const auto got = ::read(shown_, block.data(), block.size());
    if (got > 0) screen_.append(block.data(), static_cast<std::size_t>(got));
    return screen_.size() >= flood.size();
  }));
  EXPECT_TRUE(screen_ == flood);
}

TEST_F(TerminalSessionTest, AnswersTheHandshakeOfAShell) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.send(wire::PayloadType::kHandshakeRequest,
                R"({"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType",)"
                R"("ActionParameters":{"SessionType":"InteractiveCommands","Properties":null}}]})");
  ASSERT_TRUE(service_.run_until([&] { return service_.received.size() == 2; }));
  EXPECT_EQ(service_.received[1].type, wire::PayloadType::kHandshakeResponse);
  const auto response = decode_json_text<wire::HandshakeResponse>(service_.received[1].payload);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->processed_client_actions[0].action_status, 1);
  type("early");
  service_.send(wire::PayloadType::kHandshakeComplete,
                R"({"HandshakeTimeToComplete":1000,"CustomerMessage":"Welcome"})");
  ASSERT_TRUE(shows("Welcome\r\n"));
  // The size is told again, since an agent throws away what comes before the handshake is over.
  EXPECT_TRUE(node_gets("early"));
  EXPECT_EQ(sizes().size(), 2U);
}

TEST_F(TerminalSessionTest, GivesTheTerminalBackWhenTheSessionTurnsOutToBeAPort) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  EXPECT_TRUE(is_raw());
  service_.start_handshake(wire::kPort,
                           {{"portNumber", "80"}, {"type", "LocalPortForwarding"}, {"localPortNumber", "0"}});
  ASSERT_TRUE(service_.run_until([&] { return !is_raw(); }));
  service_.close_session("");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kClosed);
}

TEST_F(TerminalSessionTest, OurOwnEndIsNoEndByTheService) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  // The service closes the channel before it answers the call.
  service_.before_answer = [&] { service_.close_session("Terminated by alice."); };
  type("~.");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kDisconnected);
  EXPECT_EQ(end_->text, "");
}

TEST_F(TerminalSessionTest, OffersNoticesAndShowsThem) {
  open_terminal();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  EXPECT_EQ(service_.openings[0].extensions, std::vector<std::string>{"notice"});
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  service_.notice("This session ends in 2 minutes.");
  EXPECT_TRUE(shows("\r\nThis session ends in 2 minutes.\r\n"));
}

TEST_F(TerminalSessionTest, KeepsLittleOfAPasteInFlight) {
  open_pipes();
  start();
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.output("$ ");
  ASSERT_TRUE(shows("$ "));
  service_.set_ready(false);
  ::fcntl(keys_, F_SETFL, O_NONBLOCK);
  const std::string paste(64 * 1024, 'x');
  std::size_t taken = 0;
  // The pipe itself holds 64 KiB.
  EXPECT_FALSE(service_.run_until(
      [&] {
        const auto put = ::write(keys_, paste.data(), paste.size());
        if (put > 0) taken += static_cast<std::size_t>(put);
        return taken > 512 * 1024;
      },
      std::chrono::seconds(1)));
  service_.set_ready(true);
}

TEST_F(TerminalSessionTest, PassesOnTheServicesReason) {
  open_terminal();
  start(FrontEnd::kPlugin);
  service_.run_until([&] { return !service_.openings.empty(); });
  service_.close_session("Your session was terminated.");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kClosed);
  EXPECT_EQ(end_->text, "Your session was terminated.");
}

}  // namespace
}  // namespace postern::client

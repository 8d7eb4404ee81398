#include "client/session/command_session.h"

#include <csignal>
#include <deque>

#include "client/session/event.h"
#include "client/testing/session_fixture.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

/// Input that the test gives piece by piece.
class ScriptedInput final : public ByteSource {
 public:
  explicit ScriptedInput(const boost::asio::any_io_executor& executor) : changed_(executor) {}
  void give(std::string text) {
    pieces_.push_back(std::move(text));
    changed_.notify();
  }
  void end() { give(""); }
  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override {
    while (pieces_.empty()) co_await changed_.wait();
    auto& piece = pieces_.front();
    const auto size = std::min(into.size(), piece.size());
    std::copy_n(piece.begin(), size, into.begin());
    piece.erase(0, size);
    if (piece.empty() && size > 0) pieces_.pop_front();
    co_return size;
  }
  std::size_t left() const {
    std::size_t bytes = 0;
    for (const auto& piece : pieces_) bytes += piece.size();
    return bytes;
  }

 private:
  std::deque<std::string> pieces_;
  Event changed_;
};

/// Takes everything, or nothing while it is blocked, or breaks.
class ScriptedOutput final : public ByteSink {
 public:
  explicit ScriptedOutput(const boost::asio::any_io_executor& executor) : changed_(executor) {}
  awaitable<void> write_all(ByteView bytes) override {
    while (blocked) co_await changed_.wait();
    if (broken)
      throw boost::system::system_error(
          boost::system::errc::make_error_code(boost::system::errc::broken_pipe));
    text += as_text(bytes);
  }
  void unblock() {
    blocked = false;
    changed_.notify();
  }

  std::string text;
  bool blocked = false;
  bool broken = false;

 private:
  Event changed_;
};

class CommandSessionTest : public testing::SessionFixture {
 protected:
  void start_command(channel::Extensions offered, FrontEnd front_end = FrontEnd::kPostern) {
    start([this, front_end](const SessionFacts& facts, SessionLink& link) -> Made {
      CommandOptions options;
      options.front_end = front_end;
      options.tell = [this](std::string_view line) { told_ += line; };
      return std::make_unique<CommandSession>(context_.get_executor(), link, facts,
                                              CommandIo{&input_, &output_, &error_}, options, exit_code_);
    });
    service_.start_handshake(wire::kNonInteractiveCommands, nullptr, std::move(offered));
    ASSERT_TRUE(service_.run_until([&] { return service_.handshake_over(); }));
  }
  void start_ours() { start_command({wire::kExtensionBulk, wire::kExtensionCommandInput}); }
  void exit_with(int code) { service_.send(wire::PayloadType::kExitCode, wire::encode_exit_code(code)); }
  void credit(std::uint64_t bytes) {
    service_.send(wire::PayloadType::kInputCredit, as_text(wire::encode_input_credit(bytes)));
  }

  using Made = std::expected<std::unique_ptr<SessionKind>, std::string>;
  ScriptedInput input_{context_.get_executor()};
  ScriptedOutput output_{context_.get_executor()};
  ScriptedOutput error_{context_.get_executor()};
  std::optional<int> exit_code_;
  std::string told_;
};

TEST_F(CommandSessionTest, KeepsStreamsApartAndEndsWithTheExitStatus) {
  start_ours();
  service_.output("out");
  service_.send(wire::PayloadType::kStdErr, "err");
  exit_with(3);
  // It does not wait for the service to say so.
  ASSERT_TRUE(ends());
  EXPECT_EQ(output_.text, "out");
  EXPECT_EQ(error_.text, "err");
  EXPECT_EQ(exit_code_, 3);
  EXPECT_TRUE(service_.run_until([&] { return service_.all_acknowledged(); }));
  EXPECT_TRUE(service_.calls.empty());
}

TEST_F(CommandSessionTest, GivesInputAndItsEnd) {
  start_ours();
  input_.give(std::string("a\0b\n", 4));
  input_.end();
  ASSERT_TRUE(service_.run_until([&] { return !flags().empty(); }));
  EXPECT_EQ(service_.typed(), std::string("a\0b\n", 4));
  EXPECT_EQ(flags(), std::vector{wire::Flag::kEndOfInput});
}

TEST_F(CommandSessionTest, Trap42_ALoneLineFeedStaysOne) {
  start_ours();
  input_.give("\n");
  ASSERT_TRUE(service_.run_until([&] { return !service_.typed().empty(); }));
  EXPECT_EQ(service_.typed(), "\n");
}

TEST_F(CommandSessionTest, StopsReadingInputThatTheCommandDoesNotTake) {
  start_ours();
  input_.give(std::string(wire::kCommandInputWindow + 1000, 'x'));
  ASSERT_TRUE(service_.run_until([&] { return service_.typed().size() == wire::kCommandInputWindow; }));
  EXPECT_EQ(input_.left(), 1000U);
  credit(600);
  ASSERT_TRUE(service_.run_until([&] { return service_.typed().size() == wire::kCommandInputWindow + 600; }));
  // More than was sent is no credit.
  credit(1'000'000'000);
  credit(wire::kCommandInputWindow + 600);
  EXPECT_TRUE(
      service_.run_until([&] { return service_.typed().size() == wire::kCommandInputWindow + 1000; }));
}

TEST_F(CommandSessionTest, ASlowReaderStopsTheNode) {
  start_ours();
  output_.blocked = true;
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 400; ++i) service_.output(block);
  EXPECT_FALSE(service_.run_until([&] { return service_.all_acknowledged(); }, std::chrono::seconds(1)));
  output_.unblock();
  EXPECT_TRUE(service_.run_until([&] { return output_.text.size() == 400 * block.size(); }));
}

TEST_F(CommandSessionTest, EndsWhenNobodyReadsTheOutput) {
  start_ours();
  output_.broken = true;
  service_.output("x");
  ASSERT_TRUE(ends());
  EXPECT_EQ(exit_code_, 141);
  EXPECT_EQ(service_.calls, std::vector<std::string>{"TerminateSession"});
}

TEST_F(CommandSessionTest, SignalsGoToTheCommand) {
  start_ours();
  ASSERT_TRUE(service_.run_until([&] {
    input_.give("x");
    return !service_.typed().empty();
  }));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::raise(signal);
  ASSERT_TRUE(service_.run_until([&] { return flags().size() == 4; }));
  auto found = flags();
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector{wire::signal_flag(SIGHUP), wire::signal_flag(SIGINT),
                                wire::signal_flag(SIGQUIT), wire::signal_flag(SIGTERM)}));
  EXPECT_FALSE(end_);
}

TEST_F(CommandSessionTest, SaysThatAnOfficialAgentTakesNoInput) {
  start_command({});
  input_.give("lost");
  ASSERT_TRUE(service_.run_until([&] { return !told_.empty(); }));
  EXPECT_EQ(told_, "The node's agent (3.3.9999.0) can't give input to a command; standard input is ignored.");
  EXPECT_EQ(service_.typed(), "");
}

TEST_F(CommandSessionTest, Trap55_HoldsAnInterruptBackUntilTheCommandRuns) {
  start_command({});
  // Started, and yet nothing of the command's has come.
  service_.run_until([&] { return false; }, std::chrono::milliseconds(50));
  const auto raised = std::chrono::steady_clock::now();
  ::raise(SIGINT);
  service_.run_until([&] { return false; }, std::chrono::milliseconds(200));
  EXPECT_EQ(service_.typed(), "");
  service_.output("running");
  ASSERT_TRUE(service_.run_until([&] { return service_.typed() == "\x03"; }));
  EXPECT_GE(std::chrono::steady_clock::now() - raised, std::chrono::milliseconds(200));
}

TEST_F(CommandSessionTest, ThePluginShowsOneStreamAndTheExitCodeAndWaitsForTheEnd) {
  start_command({}, FrontEnd::kPlugin);
  service_.output("out");
  service_.send(wire::PayloadType::kStdErr, "err");
  exit_with(3);
  ASSERT_TRUE(service_.run_until([&] { return output_.text == "outerrEXIT_CODE: 3"; }));
  EXPECT_FALSE(end_);
  service_.close_session("");
  EXPECT_TRUE(ends());
}

TEST_F(CommandSessionTest, AnOutageIsSurvived) {
  start_ours();
  input_.give("before ");
  ASSERT_TRUE(service_.run_until([&] { return service_.typed() == "before "; }));
  service_.cut();
  input_.give("during");
  service_.output("answer");
  ASSERT_TRUE(
      service_.run_until([&] { return service_.typed() == "before during" && output_.text == "answer"; }));
}

}  // namespace
}  // namespace postern::client

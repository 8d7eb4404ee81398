// Port sessions that do not multiplex, local listeners, and what the plugin says about ports.
#include "client/port/port_session.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "client/port/basic_port.h"
#include "client/port/port_owner.h"
#include "client/session/session_text.h"
#include "client/session/stdio_port.h"
#include "client/testing/session_fixture.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

using Made = std::expected<std::unique_ptr<SessionKind>, std::string>;

std::string bind_error(boost::asio::io_context& context, const LocalAddress& address) {
  try {
    const Listener listener(context.get_executor(), address);
  } catch (const std::runtime_error& failure) {
    return failure.what();
  }
  return "";
}

class Directory {
 public:
  Directory() {
    std::string name = std::filesystem::temp_directory_path() / "postern-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(Listener, NamesTheOwnerOfAPortInUse) {
  boost::asio::io_context context;
  const Listener first(context.get_executor(), {"127.0.0.1", 0, ""});
  const auto port = first.address().port;
  ASSERT_NE(port, 0);
  EXPECT_EQ(bind_error(context, {"127.0.0.1", port, ""}),
            "local port 127.0.0.1:" + std::to_string(port) + " is in use by client_test (process " +
                std::to_string(::getpid()) + "); choose another one, or 0 for any that is free");
}

TEST(Listener, SaysWhatIsWrongWithAnAddress) {
  boost::asio::io_context context;
  EXPECT_TRUE(bind_error(context, {"192.0.2.1", 1, ""}).starts_with("can't listen on 192.0.2.1:1: "));
  EXPECT_TRUE(
      bind_error(context, {"", 0, "/nowhere/socket"}).starts_with("can't listen on /nowhere/socket: "));
}

TEST(Listener, ReplacesAnAbandonedSocketFileAndNoOther) {
  boost::asio::io_context context;
  const Directory directory;
  const auto path = directory.file("socket");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  {
    const Listener listener(context.get_executor(), {"", 0, path});
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_TRUE(bind_error(context, {"", 0, path}).ends_with("Address already in use"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListeningInode, ReadsTheKernelsTable) {
  constexpr auto kTable =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0 20\n"
      "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 "
      "20\n";
  EXPECT_EQ(listening_inode(kTable, 8080), 4711U);
  EXPECT_FALSE(listening_inode(kTable, 80));
  EXPECT_FALSE(listening_inode("garbage\n\n: :", 80));
}

TEST(PortTexts, AreTheOfficialOnes) {
  EXPECT_EQ(opened_text("s-1", {"127.0.0.1", 8080, ""}), "Port 8080 opened for sessionId s-1.");
  EXPECT_EQ(opened_text("s-1", {"", 0, "/tmp/s"}), "Unix socket /tmp/s opened for sessionId s-1.");
  EXPECT_EQ(kWaitingText, "\nWaiting for connections...\n");
  EXPECT_EQ(accepted_text("s-1"), "\nConnection accepted for session [s-1]\n");
  EXPECT_EQ(basic_accepted_text("s-1"), "Connection accepted for session s-1.\n");
  EXPECT_EQ(kConnectFailedText, "\nConnection to destination port failed, check SSM Agent logs.\n");
  EXPECT_EQ(kSignalText, "Terminate signal received, exiting.\n");
}

class StdioPortTest : public testing::SessionFixture {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe2(in_.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(out_.data(), O_CLOEXEC | O_NONBLOCK), 0);
  }
  void TearDown() override {
    SessionFixture::TearDown();
    for (const int fd : {in_[0], in_[1], out_[0], out_[1]}) ::close(fd);
  }
  void start_stdio(channel::Extensions offered) {
    start(
        [this](const SessionFacts& facts, SessionLink& link) -> Made {
          return std::make_unique<StdioPort>(context_.get_executor(), link, facts,
                                             StandardDescriptors{in_[0], out_[1], 2});
        },
        Expect::kStandardStreams);
    service_.start_handshake(wire::kPort, {{"portNumber", "22"}}, std::move(offered));
    ASSERT_TRUE(service_.run_until([&] { return service_.handshake_over(); }));
  }
  void type(std::string_view text) {
    ASSERT_EQ(::write(in_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end_of_input() {
    ::close(in_[1]);
    in_[1] = -1;
  }
  bool shows(std::string_view text) {
    return service_.run_until([&] {
      std::array<char, 4096> block;
      const auto got = ::read(out_[0], block.data(), block.size());
      if (got > 0) shown_.append(block.data(), static_cast<std::size_t>(got));
      return shown_ == text;
    });
  }

  std::array<int, 2> in_{-1, -1};
  std::array<int, 2> out_{-1, -1};
  std::string shown_;
};

TEST_F(StdioPortTest, CarriesBytesAsTheyAre) {
  start_stdio({wire::kExtensionBulk});
  service_.output(std::string("SSH-2.0-x\r\n\0\xff", 13));
  EXPECT_TRUE(shows(std::string("SSH-2.0-x\r\n\0\xff", 13)));
  type("\n");
  EXPECT_TRUE(service_.run_until([&] { return service_.typed() == "\n"; }));
}

TEST_F(StdioPortTest, Trap43_WritesNothingButOutput) {
  start_stdio({});
  service_.send(wire::PayloadType::kFlag, as_text(wire::encode_flag(wire::Flag::kConnectToPortError)));
  service_.output("x");
  EXPECT_TRUE(shows("x"));
}

TEST_F(StdioPortTest, Trap44_TheEndOfTheInputEndsTheSessionAtTheNode) {
  start_stdio({wire::kExtensionBulk});
  type("last words");
  end_of_input();
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kDisconnected);
  EXPECT_EQ(service_.typed(), "last words");
  EXPECT_EQ(flags(), std::vector{wire::Flag::kTerminateSession});
}

TEST_F(StdioPortTest, WithOurAgentTheEndOfTheInputEndsOneDirection) {
  start_stdio({wire::kExtensionBulk, wire::kExtensionPortInputEnd});
  type("question");
  end_of_input();
  EXPECT_TRUE(service_.run_until([&] { return flags() == std::vector{wire::Flag::kEndOfInput}; }));
  EXPECT_EQ(service_.typed(), "question");
  EXPECT_FALSE(end_);
  service_.output("answer");
  EXPECT_TRUE(shows("answer"));
}

TEST_F(StdioPortTest, Trap39_KeepsAnIgnoredInterruptIgnored) {
  const auto former = ::signal(SIGINT, SIG_IGN);
  start_stdio({wire::kExtensionBulk});
  ::raise(SIGINT);
  type("still here");
  EXPECT_TRUE(service_.run_until([&] { return service_.typed() == "still here"; }));
  EXPECT_FALSE(end_);
  ::signal(SIGINT, former);
}

class BasicPortTest : public testing::SessionFixture {
 protected:
  void SetUp() override {
    start([this](const SessionFacts& facts, SessionLink& link) -> Made {
      EXPECT_FALSE(is_multiplexed(facts));
      PortPlan plan;
      plan.local.push_back({Listener(context_.get_executor(), {"127.0.0.1", 0, ""}), "", "localhost:80"});
      port_ = plan.local[0].listener.address().port;
      plan.hooks.ready = [this] { ready_ = true; };
      return std::make_unique<BasicPort>(context_.get_executor(), link, std::move(plan));
    });
    service_.start_handshake(wire::kPort, {{"portNumber", "80"}, {"type", "LocalPortForwarding"}}, {},
                             "2.3.800.0");
    ASSERT_TRUE(service_.run_until([&] { return ready_; }));
  }
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  bool gets(int fd, std::string_view text) {
    std::string got;
    return service_.run_until([&] {
      std::array<char, 256> block;
      const auto size = ::recv(fd, block.data(), block.size(), MSG_DONTWAIT);
      if (size > 0) got.append(block.data(), static_cast<std::size_t>(size));
      return got == text;
    });
  }

  std::uint16_t port_ = 0;
  bool ready_ = false;
};

TEST_F(BasicPortTest, Trap51_TakesOneConnectionAfterTheOtherAndTellsTheNode) {
  // The destination speaks first: it waits for the first connection.
  service_.output("hello");
  const int first = connect();
  EXPECT_TRUE(gets(first, "hello"));
  const int second = connect();
  ASSERT_EQ(::send(first, "one", 3, 0), 3);
  ASSERT_TRUE(service_.run_until([&] { return service_.typed() == "one"; }));
  ::close(first);
  ASSERT_TRUE(service_.run_until([&] { return flags() == std::vector{wire::Flag::kDisconnectToPort}; }));
  ASSERT_EQ(::send(second, "two", 3, 0), 3);
  ASSERT_TRUE(service_.run_until([&] { return service_.typed() == "onetwo"; }));
  service_.output("answer");
  EXPECT_TRUE(gets(second, "answer"));
  ::close(second);
}

}  // namespace
}  // namespace postern::client

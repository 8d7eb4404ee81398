#include "client/port/mux_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>

#include "client/port/port_session.h"
#include "client/testing/session_fixture.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

using channel::Mux;

/// The node's end of a multiplexed port, which does what the test says.
class FakeNode final : public channel::MuxHandler {
 public:
  FakeNode(testing::FakeService& service, channel::MuxDialect dialect)
      : service_(service), mux_(channel::MuxRole::kAgent, dialect, *this) {
    service_.on_received = [this](const testing::FakeService::Received& message) {
      if (message.type != wire::PayloadType::kOutput) return;
      EXPECT_TRUE(mux_.on_bytes(as_bytes(message.payload)));
      flush();
    };
  }
  ~FakeNode() override { service_.on_received = nullptr; }

  void send(std::uint32_t id, std::string_view text) {
    Bytes payload(Mux::kFrameHeaderBytes);
    mux_.frame(id, text.size(), std::span(payload).first<Mux::kFrameHeaderBytes>());
    payload.insert(payload.end(), text.begin(), text.end());
    service_.send(wire::PayloadType::kOutput, as_text(payload));
  }
  void end(std::uint32_t id) {
    flush_after([&] { mux_.end(id); });
  }
  void accept(std::uint32_t id) {
    flush_after([&] { mux_.accept(id); });
  }
  void reset(std::uint32_t id, std::string_view why) {
    flush_after([&] { mux_.reset(id, why); });
  }
  void control(std::string_view text) {
    flush_after([&] { mux_.control(text); });
  }
  std::uint32_t open(std::string_view target) {
    const auto id = mux_.open(target).value();
    flush();
    return id;
  }
  void consume(std::uint32_t id) {
    flush_after([&] { mux_.consumed(id, std::exchange(unconsumed[id], 0)); });
  }
  std::size_t window(std::uint32_t id) const { return mux_.send_window(id); }

  void on_open(std::uint32_t id, std::string_view target) override { opened.emplace_back(id, target); }
  void on_accept(std::uint32_t id) override { accepted.push_back(id); }
  void on_data(std::uint32_t id, ByteView data) override {
    got[id] += as_text(data);
    if (consuming)
      mux_.consumed(id, data.size());
    else
      unconsumed[id] += data.size();
  }
  void on_end(std::uint32_t id) override { ended.push_back(id); }
  void on_reset(std::uint32_t id, std::string_view reason) override { reset_with[id] = reason; }
  void on_window(std::uint32_t) override {}
  void on_control(std::string_view) override {}

  std::vector<std::pair<std::uint32_t, std::string>> opened;
  std::vector<std::uint32_t> accepted;
  std::vector<std::uint32_t> ended;
  std::map<std::uint32_t, std::string> got;
  std::map<std::uint32_t, std::string> reset_with;
  std::map<std::uint32_t, std::size_t> unconsumed;
  bool consuming = true;

 private:
  void flush() {
    while (mux_.has_control()) service_.send(wire::PayloadType::kOutput, as_text(mux_.take_control()));
  }
  template <class Action>
  void flush_after(Action action) {
    action();
    flush();
  }

  testing::FakeService& service_;
  Mux mux_;
};

/// A local program's connection, never blocking.
class Program {
 public:
  explicit Program(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto result = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  }
  ~Program() { ::close(fd_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// How much was taken.
  std::size_t write(std::string_view data) {
    const auto put = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    return put > 0 ? static_cast<std::size_t>(put) : 0;
  }
  void end() { ::shutdown(fd_, SHUT_WR); }
  /// What there is, added to `text`. True at the end.
  bool read() {
    std::array<char, 65536> block;
    for (;;) {
      const auto got = ::recv(fd_, block.data(), block.size(), 0);
      if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
      if (got == 0) return true;
      if (got < 0) {
        was_reset = errno == ECONNRESET;
        return was_reset;
      }
    }
  }
  std::string text;
  bool was_reset = false;

 private:
  int fd_;
};

class MuxPortTest : public testing::SessionFixture {
 protected:
  using Made = std::expected<std::unique_ptr<SessionKind>, std::string>;

  /// A forward to `tcp:db:5432`, a SOCKS proxy, and a listener on the node that leads to `remote_to`.
  void start_port(channel::MuxDialect dialect) {
    const bool flow = dialect == channel::MuxDialect::kFlow;
    node_.emplace(service_, dialect);
    start([this, flow](const SessionFacts& facts, SessionLink& link) -> Made {
      const auto executor = context_.get_executor();
      PortPlan plan;
      plan.local.push_back({Listener(executor, {"127.0.0.1", 0, ""}), flow ? "tcp:db:5432" : "", "db:5432"});
      port_ = plan.local[0].listener.address().port;
      if (flow) {
        plan.dynamic.emplace_back(executor, LocalAddress{"127.0.0.1", 0, ""});
        socks_port_ = plan.dynamic[0].address().port;
        plan.remote.push_back({"0", remote_to_});
      }
      plan.hooks.ready = [this] { ready_ = true; };
      plan.hooks.connected = [this] { ++connected_; };
      plan.hooks.refused = [this](std::string_view to, std::string_view why) {
        refused_ += std::string(to) + ": " + std::string(why) + ";";
      };
      plan.hooks.remote_ready = [this](std::size_t index, std::uint16_t port) {
        remote_ready_ = std::to_string(index) + ":" + std::to_string(port);
      };
      return std::make_unique<MuxPort>(executor, link, facts, std::move(plan));
    });
    service_.start_handshake(
        wire::kPort, {{"portNumber", "5432"}, {"type", "LocalPortForwarding"}},
        flow ? channel::Extensions{wire::kExtensionBulk, wire::kExtensionMuxFlow} : channel::Extensions{});
    ASSERT_TRUE(service_.run_until([&] { return ready_; }));
  }
  void start_flow() { start_port(channel::MuxDialect::kFlow); }
  void start_smux() { start_port(channel::MuxDialect::kSmux); }
  bool until(const std::function<bool()>& done) { return service_.run_until(done); }
  bool gets(Program& program, std::string_view text) {
    return until([&] {
      program.read();
      return program.text == text;
    });
  }
  bool at_end(Program& program) {
    return until([&] { return program.read(); });
  }
  /// The id of the `count`th stream, once it is open.
  std::uint32_t stream(std::size_t count = 1) {
    EXPECT_TRUE(until([&] { return node_->opened.size() >= count; }));
    return node_->opened[count - 1].first;
  }

  std::optional<FakeNode> node_;
  std::uint16_t port_ = 0;
  std::uint16_t socks_port_ = 0;
  LocalAddress remote_to_{"127.0.0.1", 1, ""};
  bool ready_ = false;
  int connected_ = 0;
  std::string refused_;
  std::string remote_ready_;
};

TEST_F(MuxPortTest, CarriesSeveralConnectionsAtOnce) {
  start_flow();
  std::vector<std::unique_ptr<Program>> programs;
  for (std::size_t i = 0; i < 20; ++i) {
    programs.push_back(std::make_unique<Program>(port_));
    const auto id = stream(i + 1);
    EXPECT_EQ(node_->opened[i].second, "tcp:db:5432");
    node_->accept(id);
    programs.back()->write("question " + std::to_string(i));
  }
  for (std::size_t i = 0; i < 20; ++i) {
    const auto id = node_->opened[i].first;
    ASSERT_TRUE(until([&] { return node_->got[id] == "question " + std::to_string(i); }));
    node_->send(id, "answer " + std::to_string(i));
    EXPECT_TRUE(gets(*programs[i], "answer " + std::to_string(i)));
  }
  EXPECT_EQ(connected_, 1);
}

TEST_F(MuxPortTest, Trap47_EitherDirectionEndsByItselfBetweenOwnEnds) {
  start_flow();
  Program program(port_);
  const auto id = stream();
  node_->accept(id);
  program.write("question");
  program.end();
  ASSERT_TRUE(until([&] { return node_->ended == std::vector{id}; }));
  EXPECT_EQ(node_->got[id], "question");
  node_->send(id, "answer");
  node_->end(id);
  EXPECT_TRUE(at_end(program));
  EXPECT_EQ(program.text, "answer");
  EXPECT_FALSE(program.was_reset);
}

TEST_F(MuxPortTest, Trap47_AnOfficialAgentsEndIsTheEndOfBoth) {
  start_smux();
  Program program(port_);
  const auto id = stream();
  EXPECT_EQ(id, 3U);
  program.write("question");
  ASSERT_TRUE(until([&] { return node_->got[id] == "question"; }));
  node_->send(id, "answer");
  node_->end(id);
  EXPECT_TRUE(at_end(program));
  EXPECT_EQ(program.text, "answer");

  Program other(port_);
  const auto next = stream(2);
  EXPECT_EQ(next, 5U);
  other.end();
  EXPECT_TRUE(until([&] { return node_->ended == std::vector{next}; }));
}

TEST_F(MuxPortTest, Trap42_ALoneLineFeedStaysOne) {
  start_smux();
  Program program(port_);
  const auto id = stream();
  program.write("\n");
  ASSERT_TRUE(until([&] { return !node_->got[id].empty(); }));
  EXPECT_EQ(node_->got[id], "\n");
}

TEST_F(MuxPortTest, ARefusedConnectionConcernsNoOther) {
  start_flow();
  Program good(port_);
  node_->accept(stream(1));
  Program bad(port_);
  node_->reset(stream(2), "Connection refused");
  EXPECT_TRUE(at_end(bad));
  EXPECT_TRUE(bad.was_reset);
  EXPECT_EQ(refused_, "db:5432: Connection refused;");
  good.write("still here");
  EXPECT_TRUE(until([&] { return node_->got[stream(1)] == "still here"; }));
}

TEST_F(MuxPortTest, Trap49_ASlowLocalReaderStopsItsOwnStreamOnly) {
  start_flow();
  Program slow(port_);
  const auto first = stream(1);
  node_->accept(first);
  std::size_t sent = 0;
  const std::string block(32 * 1024, 'x');
  // Until the window stays shut because the program does not read.
  for (int round = 0; round < 100; ++round) {
    while (node_->window(first) >= block.size()) {
      node_->send(first, block);
      sent += block.size();
    }
    service_.run_until([&] { return node_->window(first) >= block.size(); }, std::chrono::milliseconds(100));
    if (node_->window(first) < block.size()) break;
  }
  EXPECT_LT(node_->window(first), block.size());
  Program quick(port_);
  const auto second = stream(2);
  node_->accept(second);
  node_->send(second, "through");
  EXPECT_TRUE(gets(quick, "through"));
  EXPECT_TRUE(until([&] {
    slow.read();
    return slow.text.size() == sent;
  }));
}

TEST_F(MuxPortTest, AWindowThatIsShutStopsReadingTheProgram) {
  start_flow();
  node_->consuming = false;
  Program program(port_);
  const auto id = stream();
  node_->accept(id);
  const std::string block(256 * 1024, 'y');
  std::size_t written = 0;
  std::size_t rounds_without = 0;
  until([&] {
    const auto put = program.write(block);
    written += put;
    rounds_without = put == 0 ? rounds_without + 1 : 0;
    return rounds_without > 20;
  });
  EXPECT_EQ(node_->got[id].size(), Mux::kInitialWindowBytes);
  node_->consuming = true;
  node_->consume(id);
  EXPECT_TRUE(until([&] { return node_->got[id].size() == written; }));
}

TEST_F(MuxPortTest, SocksClientsChooseTheirDestination) {
  start_flow();
  Program program(socks_port_);
  const std::string_view request(
      "\x05\x01\x00\x05\x01\x00\x03\x02"
      "db\x15\x38"
      "GET",
      15);
  ASSERT_TRUE(until([&] { return program.write(request) == request.size(); }));
  const auto id = stream();
  EXPECT_EQ(node_->opened[0].second, "tcp:db:5432");
  node_->accept(id);
  ASSERT_TRUE(until([&] { return node_->got[id] == "GET"; }));
  node_->send(id, "answer");
  const std::string success("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  EXPECT_TRUE(gets(program, success + "answer"));

  Program refused(socks_port_);
  ASSERT_TRUE(until([&] { return refused.write(request) == request.size(); }));
  node_->reset(stream(2), "Connection refused");
  EXPECT_TRUE(at_end(refused));
  EXPECT_EQ(refused.text.substr(0, 4), std::string("\x05\x00\x05\x05", 4));
}

TEST_F(MuxPortTest, ListenersOfTheNodeLeadHere) {
  Listener service(context_.get_executor(), {"127.0.0.1", 0, ""});
  remote_to_ = service.address();
  std::optional<LocalSocket> taken;
  service.start([&](LocalSocket socket) { taken.emplace(std::move(socket)); });
  start_flow();
  node_->control(R"({"listener":0,"port":9000})");
  ASSERT_TRUE(until([&] { return remote_ready_ == "0:9000"; }));
  const auto id = node_->open("listener:0");
  node_->send(id, "early");
  ASSERT_TRUE(until([&] { return taken && node_->accepted == std::vector{id}; }));
  std::array<char, 16> block{};
  ASSERT_TRUE(
      until([&] { return ::recv(taken->native_handle(), block.data(), block.size(), MSG_DONTWAIT) == 5; }));
  EXPECT_STREQ(block.data(), "early");
  ::send(taken->native_handle(), "answer", 6, MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] { return node_->got[id] == "answer"; }));

  const auto wrong = node_->open("listener:7");
  EXPECT_TRUE(until([&] { return node_->reset_with.contains(wrong); }));
}

TEST_F(MuxPortTest, AConnectionFromTheNodeThatFindsNobodyIsRefusedThere) {
  start_flow();
  const auto id = node_->open("listener:0");
  ASSERT_TRUE(until([&] { return node_->reset_with.contains(id); }));
  EXPECT_EQ(node_->reset_with[id], "127.0.0.1:1: Connection refused");
  EXPECT_EQ(refused_, "127.0.0.1:1: 127.0.0.1:1: Connection refused;");
}

TEST_F(MuxPortTest, AListenerThatTheNodeCantOpenEndsTheSession) {
  start_flow();
  node_->control(R"({"listener":0,"error":"Address already in use"})");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kFailed);
  EXPECT_EQ(end_->text, "the node can't listen on 0: Address already in use");
}

TEST_F(MuxPortTest, Trap39_ASignalThatTheAwsCliLeftIgnoredStillEndsIt) {
  const auto former = ::signal(SIGINT, SIG_IGN);
  start_flow();
  ::raise(SIGINT);
  EXPECT_TRUE(ends());
  ::signal(SIGINT, former);
}

TEST_F(MuxPortTest, Trap52_WaitsForTheNodeToHearOfTheEnd) {
  start_flow();
  ::raise(SIGINT);
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->kind, SessionEnd::Kind::kDisconnected);
  EXPECT_EQ(flags(), std::vector{wire::Flag::kTerminateSession});
  EXPECT_TRUE(service_.calls.empty());
}

TEST_F(MuxPortTest, Trap52_TellsTheServiceWhenTheNodeDoesNotHear) {
  start_flow();
  service_.set_ready(false);
  ::raise(SIGTERM);
  ASSERT_TRUE(ends());
  EXPECT_EQ(service_.calls, std::vector<std::string>{"TerminateSession"});
}

TEST_F(MuxPortTest, Trap32_WaitsBeforeItSpeaksToAnOfficialAgent) {
  start_smux();
  // The agent would lose what comes right behind its HandshakeComplete; nothing but the response has come.
  ASSERT_EQ(service_.received.size(), 1U);
  EXPECT_EQ(service_.received[0].type, wire::PayloadType::kHandshakeResponse);
}

TEST_F(MuxPortTest, ABrokenMultiplexedStreamEndsTheSession) {
  start_flow();
  service_.output("\xff\xff\xff\xff\xff\xff\xff\xff");
  ASSERT_TRUE(ends());
  EXPECT_EQ(end_->text, "multiplexed stream: version is not 1");
}

TEST_F(MuxPortTest, AnOutageLosesAndDoublesNothing) {
  start_flow();
  Program program(port_);
  const auto id = stream();
  node_->accept(id);
  std::string up;
  std::string down;
  for (int round = 0; round < 5; ++round) {
    const std::string piece(10'000, static_cast<char>('a' + round));
    service_.cut();
    ASSERT_TRUE(until([&] { return program.write(piece) == piece.size(); }));
    up += piece;
    node_->send(id, piece);
    down += piece;
    ASSERT_TRUE(until([&] {
      program.read();
      return node_->got[id] == up && program.text == down;
    }));
  }
}

TEST(ParsePortProperties, Trap50_TakesStringsOnly) {
  const auto parsed = parse_port_properties(
      {{"portNumber", "80"}, {"type", "LocalPortForwarding"}, {"localPortNumber", "8080"}, {"host", "db"}});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->listens);
  EXPECT_EQ(parsed->local_port, 8080);
  EXPECT_EQ(parsed->destination, "db:80");
  // A number is no string: official clients go on as if it were absent.
  EXPECT_EQ(parse_port_properties({{"portNumber", "80"}, {"localPortNumber", 8080}})->local_port, 0);
  EXPECT_EQ(parse_port_properties({{"portNumber", "80"}, {"localPortNumber", ""}})->local_port, 0);
  EXPECT_FALSE(parse_port_properties({{"portNumber", "80"}})->listens);
  EXPECT_EQ(parse_port_properties({{"localPortNumber", "x"}}).error(),
            "localPortNumber: \"x\" is not a port from 0 to 65535");
  EXPECT_EQ(parse_port_properties({{"localConnectionType", "unix"}}).error(),
            "localConnectionType is unix, but localUnixSocket names no socket");
  EXPECT_EQ(
      parse_port_properties({{"localConnectionType", "unix"}, {"localUnixSocket", "/tmp/s"}})->local_socket,
      "/tmp/s");
}

TEST(IsMultiplexed, Trap33_NeedsFourNumbersAboveTheLastBasicAgent) {
  struct Case {
    std::string version;
    bool multiplexed;
  };
  for (const auto& test : {Case{"3.0.196.0", false}, Case{"3.0.197.0", true}, Case{"3.3.987.0", true},
                           Case{"2.3.722.0", false}, Case{"4.0.0", false}, Case{"4.0.0.0.1", false},
                           Case{"4.0.0.x", false}, Case{"", false}, Case{"10.0.0.0", true}}) {
    SessionFacts facts{.agent_version = test.version};
    EXPECT_EQ(is_multiplexed(facts), test.multiplexed) << test.version;
  }
}

}  // namespace
}  // namespace postern::client

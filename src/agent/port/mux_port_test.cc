#include "agent/port/mux_port.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/json.hpp>
#include <map>

#include "agent/testing/destination.h"
#include "agent/testing/session_fixture.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace {

using channel::Mux;
using channel::MuxDialect;
using testing::Destination;

/// What the client's multiplexer hears, as one line each, and the bytes of each stream.
class Listener final : public channel::MuxHandler {
 public:
  std::string log;
  std::map<std::uint32_t, std::string> data;
  /// Leaves what comes unconsumed.
  bool stuck = false;
  Mux* mux = nullptr;

  void on_open(std::uint32_t id, std::string_view target) override { add("open", id, target); }
  void on_accept(std::uint32_t id) override { add("accept", id, ""); }
  void on_data(std::uint32_t id, ByteView bytes) override {
    data[id] += as_text(bytes);
    if (!stuck) mux->consumed(id, bytes.size());
  }
  void on_end(std::uint32_t id) override { add("end", id, ""); }
  void on_reset(std::uint32_t id, std::string_view reason) override { add("reset", id, reason); }
  void on_window(std::uint32_t) override {}
  void on_control(std::string_view text) override { log += "control " + std::string(text) + '\n'; }

 private:
  void add(const char* what, std::uint32_t id, std::string_view text) {
    log +=
        std::string(what) + ' ' + std::to_string(id) + (text.empty() ? "" : " ") + std::string(text) + '\n';
  }
};

class MuxPortTest : public testing::SessionFixture {
 protected:
  void start_mux(MuxDialect dialect, const std::string& more = "") {
    mux.emplace(channel::MuxRole::kClient, dialect, heard);
    heard.mux = &*mux;
    client.on_output = [this](ByteView payload) {
      EXPECT_TRUE(mux->on_bytes(payload));
      flush();
    };
    if (dialect == MuxDialect::kFlow) client.supported = {wire::kExtensionBulk, wire::kExtensionMuxFlow};
    start(wire::kPort, R"({"type":"LocalPortForwarding","localPortNumber":"0","portNumber":")" +
                           destination.port_text() + "\"" + more + "}");
    run_until([&] { return completed || (client.connected() && client.handshake().complete()); },
              "the handshake");
  }
  void flush() {
    while (mux->has_control()) client.send(wire::PayloadType::kOutput, mux->take_control());
  }
  std::uint32_t open(const std::string& target = "") {
    const auto id = mux->open(target).value();
    flush();
    return id;
  }
  void send(std::uint32_t id, std::string_view text) {
    Bytes payload(Mux::kFrameHeaderBytes);
    mux->frame(id, text.size(), std::span(payload).first<Mux::kFrameHeaderBytes>());
    payload.insert(payload.end(), text.begin(), text.end());
    client.send(wire::PayloadType::kOutput, payload);
  }
  void end(std::uint32_t id) {
    mux->end(id);
    flush();
  }
  void expect_heard(const std::string& text) {
    run_until([&] { return heard.log.contains(text); }, text.c_str());
  }
  Destination::Connection& connection(std::size_t index) {
    run_until([&] { return destination.connections.size() > index; }, "a connection");
    return *destination.connections[index];
  }
  std::string own() const { return "tcp:localhost:" + destination.port_text(); }

  Destination destination{context};
  Listener heard;
  std::optional<Mux> mux;
};

TEST_F(MuxPortTest, EachStreamIsAConnection) {
  destination.echo = true;
  start_mux(MuxDialect::kFlow);
  const auto first = open();
  const auto second = open(own());
  send(first, "one");
  send(second, "two");
  run_until([&] { return heard.data[first] == "one" && heard.data[second] == "two"; }, "both echoes");
  EXPECT_EQ(destination.connections.size(), 2U);
  EXPECT_TRUE(heard.log.contains("accept 3\n") && heard.log.contains("accept 5\n")) << heard.log;
}

TEST_F(MuxPortTest, HalfCloseGoesBothWays) {
  start_mux(MuxDialect::kFlow);
  const auto id = open();
  auto& peer = connection(0);
  send(id, "request");
  end(id);
  run_until([&] { return peer.ended; }, "the client's end");
  EXPECT_EQ(peer.received, "request");
  Destination::send(peer, "late answer");
  peer.socket.shutdown(Destination::Socket::shutdown_send);
  expect_heard("end 3\n");
  EXPECT_EQ(heard.data[id], "late answer");
  EXPECT_EQ(mux->open_streams(), 0U);
}

TEST_F(MuxPortTest, ARefusalNamesItsReasonToItsStreamAlone) {
  start_mux(MuxDialect::kFlow, R"(,"destinations":["127.0.0.1:1"])");
  const auto good = open();
  open("tcp:127.0.0.1:1");
  expect_heard("reset 5 connection refused\n");
  send(good, "still here");
  run_until([&] { return connection(0).received == "still here"; }, "data");
}

TEST_F(MuxPortTest, OnlyTheDocumentsDestinationsMayBeNamed) {
  start_mux(MuxDialect::kFlow, R"(,"destinations":["db.internal:5432"])");
  open("tcp:127.0.0.2:22");
  expect_heard("reset 3 forwarding to 127.0.0.2:22 is not allowed in this session\n");
  open("unix:/run/docker.sock");
  expect_heard("reset 5 forwarding to unix:/run/docker.sock is not allowed in this session\n");
  open("nonsense");
  expect_heard("reset 7 expected tcp:HOST:PORT or unix:/PATH\n");
  EXPECT_FALSE(completed);
}

TEST_F(MuxPortTest, MetadataAddressesAreDeniedWhateverTheDocumentSays) {
  start_mux(MuxDialect::kFlow, R"(,"destinations":["*"])");
  open("tcp:169.254.169.254:80");
  expect_heard("reset 3 forwarding to 169.254.169.254 is denied by this agent\n");
  open("tcp:[::ffff:169.254.169.254]:80");
  expect_heard("reset 5 forwarding to ::ffff:169.254.169.254 is denied by this agent\n");
}

TEST_F(MuxPortTest, TheOperatorDeniesMore) {
  denied_addresses = {"127.0.0.0/8", "::1"};
  start_mux(MuxDialect::kFlow);
  open();
  expect_heard("reset 3 forwarding to 127.0.0.1 is denied by this agent\n");
}

TEST_F(MuxPortTest, ReachesUnixSockets) {
  const auto path = ::testing::TempDir() + "mux_port_" + std::to_string(::getpid()) + ".sock";
  ::unlink(path.c_str());
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  start_mux(MuxDialect::kFlow, R"(,"destinations":["unix:)" + path + "\"]");
  open("unix:" + path);
  expect_heard("accept 3\n");
  const int accepted = ::accept(server, nullptr, nullptr);
  ASSERT_EQ(::write(accepted, "hello", 5), 5);
  run_until([&] { return heard.data[3] == "hello"; }, "data");
  ::close(accepted);
  ::close(server);
  ::unlink(path.c_str());
  expect_heard("end 3\n");
  open("unix:" + path);
  expect_heard("reset 5 no such file or directory\n");
}

TEST_F(MuxPortTest, AnAbortedDestinationResetsItsStream) {
  start_mux(MuxDialect::kFlow);
  open();
  auto& peer = connection(0);
  expect_heard("accept 3\n");
  peer.socket.set_option(boost::asio::socket_base::linger(true, 0));
  peer.socket.close();
  expect_heard("reset 3 connection reset by peer\n");
}

TEST_F(MuxPortTest, AnAbortedClientResetsItsDestination) {
  start_mux(MuxDialect::kFlow);
  const auto id = open();
  auto& peer = connection(0);
  expect_heard("accept 3\n");
  mux->reset(id, "enough");
  flush();
  run_until([&] { return peer.ended; }, "the reset");
  EXPECT_EQ(peer.failure, boost::asio::error::connection_reset);
}

// data-channel.md 10: a stalled stream must not hold up the others, nor a slow dial.
TEST_F(MuxPortTest, Trap49_AStalledStreamHoldsUpNobody) {
  destination.reading = false;
  start_mux(MuxDialect::kFlow, R"(,"destinations":["no-such-host.invalid:1"])");
  const auto stalled = open();
  connection(0);
  expect_heard("accept 3\n");
  open("tcp:no-such-host.invalid:1");
  run_until_still([&] {
    while (mux->send_window(stalled) > 0 && client.can_send()) {
      send(stalled, std::string(std::min<std::size_t>(mux->send_window(stalled), 32'000), 'x'));
    }
  });
  EXPECT_EQ(mux->send_window(stalled), 0U);
  destination.reading = true;
  destination.echo = true;
  const auto quick = open();
  send(quick, "quick");
  run_until([&] { return heard.data[quick] == "quick"; }, "the other stream's echo");
}

TEST_F(MuxPortTest, MovesMuchThroughManyStreams) {
  destination.echo = true;
  start_mux(MuxDialect::kFlow);
  constexpr std::size_t kEach = 400'000;
  std::map<std::uint32_t, std::size_t> sent;
  for (int i = 0; i < 20; ++i) sent[open()] = 0;
  const auto text_of = [](std::uint32_t id) {
    std::string text(kEach, 'x');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>((i * 7 + id) & 0xffU);
    return text;
  };
  std::map<std::uint32_t, std::string> texts;
  for (const auto& [id, at] : sent) texts[id] = text_of(id);
  run_until(
      [&] {
        bool all = true;
        for (auto& [id, at] : sent) {
          while (at < kEach && mux->send_window(id) > 0 && client.can_send()) {
            const auto size = std::min({kEach - at, mux->send_window(id), std::size_t{30'000}});
            send(id, std::string_view(texts[id]).substr(at, size));
            at += size;
            if (at == kEach) end(id);
          }
          all = all && heard.log.contains("end " + std::to_string(id) + '\n');
        }
        return all;
      },
      "all echoes");
  for (const auto& [id, text] : texts) EXPECT_TRUE(heard.data[id] == text) << id;
}

TEST_F(MuxPortTest, ListensForTheClient) {
  start_mux(MuxDialect::kFlow, R"(,"listeners":["0"])");
  expect_heard("control {\"listener\":0,\"port\":");
  const auto news = boost::json::parse(heard.log.substr(8, heard.log.find('\n') - 8)).as_object();
  const auto port = news.at("port").to_number<std::uint16_t>();
  Destination::Socket caller(context);
  caller.connect({boost::asio::ip::address_v4::loopback(), port});
  expect_heard("open 2 listener:0\n");
  mux->accept(2);
  flush();
  boost::asio::write(caller, boost::asio::buffer("from the node", 13));
  run_until([&] { return heard.data[2] == "from the node"; }, "data");
  send(2, "from the client");
  std::string got(15, ' ');
  boost::asio::async_read(caller, boost::asio::buffer(got), [](const auto&, auto) {});
  run_until([&] { return got == "from the client"; }, "data");
  Destination::Socket refused(context);
  refused.connect({boost::asio::ip::address_v4::loopback(), port});
  expect_heard("open 4 listener:0\n");
  mux->reset(4, "no");
  flush();
  char byte = 0;
  bool ended = false;
  refused.async_read_some(boost::asio::buffer(&byte, 1), [&](const auto& ec, auto) { ended = bool(ec); });
  run_until([&] { return ended; }, "the refusal");
}

TEST_F(MuxPortTest, SaysThatAPortIsTaken) {
  start_mux(MuxDialect::kFlow, R"(,"listeners":[")" + destination.port_text() + "\"]");
  expect_heard("control {\"listener\":0,\"error\":\"address already in use\"}\n");
  EXPECT_FALSE(completed);
}

TEST_F(MuxPortTest, TheClientsFlagEndsTheSession) {
  start_mux(MuxDialect::kFlow);
  open();
  auto& peer = connection(0);
  client.send_flag(wire::Flag::kTerminateSession);
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
  run_until([&] { return peer.ended; }, "the connection's end");
}

TEST_F(MuxPortTest, NonsenseEndsTheSessionWithAReason) {
  start_mux(MuxDialect::kFlow);
  client.type("GET / HTTP/1.1\r\n");
  run_to_completion();
  EXPECT_EQ(completion(), "Failed: multiplexed stream: version is not 1");
}

// Official clients, data-channel.md 6.7.

TEST_F(MuxPortTest, SmuxServesOfficialClients) {
  destination.echo = true;
  start_mux(MuxDialect::kSmux);
  EXPECT_TRUE(client.handshake().agreed().empty());
  const auto id = open();
  EXPECT_EQ(id, 3U);
  send(id, "GET");
  run_until([&] { return heard.data[id] == "GET"; }, "the echo");
  EXPECT_EQ(heard.log, "");
}

TEST_F(MuxPortTest, SmuxReportsAFailedDialWithAFlagAndEndsThatStream) {
  start_mux(MuxDialect::kSmux);
  const auto good = open();
  connection(0);
  destination.close();
  open();
  expect_heard("end 5\n");
  EXPECT_EQ(client.flags, std::vector<std::uint32_t>{3});
  send(good, "still here");
  run_until([&] { return connection(0).received == "still here"; }, "data");
}

// data-channel.md 10.
TEST_F(MuxPortTest, Trap47_AnEndClosesBothDirections) {
  start_mux(MuxDialect::kSmux);
  const auto id = open();
  auto& peer = connection(0);
  send(id, "bye");
  end(id);
  run_until([&] { return peer.ended; }, "the client's end");
  EXPECT_EQ(peer.received, "bye");
  open();
  auto& other = connection(1);
  other.socket.shutdown(Destination::Socket::shutdown_send);
  expect_heard("end 5\n");
  run_until([&] { return other.ended; }, "the other direction's end");
}

// data-channel.md 10: neither end has a reason to send keep-alives; those of old clients do no harm.
TEST_F(MuxPortTest, Trap48_KeepAlivesAreTakenAndNotSent) {
  destination.echo = true;
  start_mux(MuxDialect::kSmux);
  const Bytes nop{1, 3, 0, 0, 0, 0, 0, 0};
  client.send(wire::PayloadType::kOutput, nop);
  const auto id = open();
  send(id, "x");
  run_until([&] { return heard.data[id] == "x"; }, "the echo");
  EXPECT_FALSE(completed);
}

TEST_F(MuxPortTest, SmuxOverManyPayloadsCutAnywhere) {
  destination.echo = true;
  start_mux(MuxDialect::kSmux);
  const auto id = mux->open("").value();
  auto bytes = mux->take_control();
  const std::string text = "cut anywhere";
  Bytes header(Mux::kFrameHeaderBytes);
  mux->frame(id, text.size(), std::span(header).first<Mux::kFrameHeaderBytes>());
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const auto byte : bytes) client.send(wire::PayloadType::kOutput, ByteView(&byte, 1));
  run_until([&] { return heard.data[id] == text; }, "the echo");
}

}  // namespace
}  // namespace postern::agent

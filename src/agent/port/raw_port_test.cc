#include "agent/port/raw_port.h"

#include <gtest/gtest.h>

#include "agent/testing/destination.h"
#include "agent/testing/session_fixture.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace {

using testing::Destination;

net::awaitable<void> ask(Dialer& dialer, TcpTarget target, std::string& reason) {
  const auto dialed = co_await dialer.dial(std::move(target));
  reason = dialed ? "connected" : dialed.error();
}

class RawPortTest : public testing::SessionFixture {
 protected:
  void start_ssh() { start(wire::kPort, R"({"portNumber":")" + destination.port_text() + "\"}"); }
  void start_basic() {
    client.version = "1.1.69.0";
    start(wire::kPort, R"({"type":"LocalPortForwarding","localPortNumber":"0","portNumber":")" +
                           destination.port_text() + "\"}");
  }
  Destination::Connection& connection(std::size_t index) {
    run_until([&] { return destination.connections.size() > index; }, "a connection");
    return *destination.connections[index];
  }

  Destination destination{context};
};

TEST_F(RawPortTest, CarriesBytesAsTheyAre) {
  start_ssh();
  auto& ssh = connection(0);
  client.type("\n");
  client.type(std::string("a\0\xff\x03", 4));
  run_until([&] { return ssh.received.size() == 5; }, "the bytes");
  EXPECT_EQ(ssh.received, std::string("\na\0\xff\x03", 5));
  Destination::send(ssh, "SSH-2.0-x\r\n");
  run_until([&] { return client.output == "SSH-2.0-x\r\n"; }, "the greeting");
}

TEST_F(RawPortTest, TellsOfficialClientsTheTextsOfTheDocument) {
  start(wire::kPort, R"({"portNumber":")" + destination.port_text() + R"(","destinations":["a:1"]})");
  connection(0);
  EXPECT_EQ(client.handshake().session_type(), wire::kPort);
  EXPECT_EQ(client.handshake().properties().as_object().size(), 1U);
  EXPECT_EQ(client.handshake().agent_version(), "3.3.9999.0");
  EXPECT_TRUE(client.handshake().agreed().empty());
  EXPECT_TRUE(client.opening.contains(R"("Extensions":["notice"])")) << client.opening;
}

TEST_F(RawPortTest, EndsWhenTheDestinationDoesWithAllItsOutput) {
  client.supported = {wire::kExtensionBulk};
  start_ssh();
  auto& ssh = connection(0);
  const std::string much(3'000'000, 'x');
  Destination::send(ssh, std::string_view(much).substr(0, 10'000));
  std::size_t sent = 10'000;
  run_until(
      [&] {
        boost::system::error_code ec;
        ssh.socket.non_blocking(true);
        sent += ssh.socket.write_some(boost::asio::buffer(much.data() + sent, much.size() - sent), ec);
        return sent == much.size();
      },
      "all sent");
  ssh.socket.shutdown(Destination::Socket::shutdown_send);
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
  EXPECT_TRUE(client.output == much) << client.output.size();
}

TEST_F(RawPortTest, TheEndOfTheInputEndsOneDirection) {
  client.supported = {wire::kExtensionBulk, wire::kExtensionPortInputEnd};
  start_ssh();
  auto& server = connection(0);
  client.type("question");
  client.send_flag(wire::Flag::kEndOfInput);
  run_until([&] { return server.ended; }, "the end of the input");
  EXPECT_EQ(server.received, "question");
  EXPECT_FALSE(completed);
  Destination::send(server, "answer");
  run_until([&] { return client.output == "answer"; }, "the answer");
  server.socket.close();
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
}

TEST_F(RawPortTest, OfficialClientsGetPayloadsOf32KiB) {
  start_ssh();
  auto& ssh = connection(0);
  Destination::send(ssh, std::string(200'000, 'x'));
  run_until([&] { return client.output.size() == 200'000; }, "the bytes");
  EXPECT_EQ(client.largest_payload, 32U * 1024);
}

TEST_F(RawPortTest, SaysWhyItCantConnect) {
  destination.close();
  start(wire::kPort, R"({"portNumber":"1"})");
  run_to_completion();
  EXPECT_EQ(completion(), "Failed: Unable to connect to specified port: connection refused");
}

// data-channel.md 10: such clients print every payload, flags too.
TEST_F(RawPortTest, Trap43_NoFlagInStdioMode) {
  start(wire::kPort, R"({"portNumber":"1"})");
  run_to_completion();
  EXPECT_TRUE(client.flags.empty());
  EXPECT_EQ(client.output, "");
}

TEST_F(RawPortTest, DeniesMetadataAddresses) {
  for (const char* host : {"169.254.169.254", "::ffff:169.254.169.254", "2852039166"}) {
    completed.reset();
    AddressRules rules = *AddressRules::parse({});
    Dialer dialer(context.get_executor(), rules);
    std::string reason;
    bool done = false;
    boost::asio::co_spawn(context, ask(dialer, {host, 80}, reason),
                          [&](const std::exception_ptr&) { done = true; });
    run_until([&] { return done; }, "an answer");
    EXPECT_TRUE(reason.starts_with("forwarding to ") && reason.ends_with(" is denied by this agent"))
        << host << ": " << reason;
  }
}

TEST_F(RawPortTest, SaysThatANameDoesNotExist) {
  start(wire::kPort, R"({"portNumber":"80","host":"no-such-host.invalid"})");
  run_to_completion();
  EXPECT_TRUE(completion().starts_with(
      "Failed: Unable to connect to specified port: the name no-such-host.invalid can't be resolved: "))
      << completion();
}

TEST_F(RawPortTest, TheClientsFlagEndsTheSession) {
  start_ssh();
  connection(0);
  client.send_flag(wire::Flag::kTerminateSession);
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
}

// data-channel.md 10 and 6.6.
TEST_F(RawPortTest, Trap51_BasicModeDialsAgainForTheNextData) {
  start_basic();
  auto& first = connection(0);
  client.type("one");
  run_until([&] { return first.received == "one"; }, "data");
  first.socket.close();
  // Once the agent has noticed, data opens another connection; what races with that is lost with the first.
  run_until(
      [&] {
        if (client.can_send() && destination.connections.size() == 1) client.type(".");
        return destination.connections.size() == 2;
      },
      "another connection");
  EXPECT_FALSE(completed) << completion();
}

TEST_F(RawPortTest, BasicModeClosesOnTheClientsWord) {
  start_basic();
  auto& first = connection(0);
  client.type("one");
  client.send_flag(wire::Flag::kDisconnectToPort);
  run_until([&] { return first.ended; }, "the end");
  EXPECT_EQ(first.received, "one");
  client.type("two");
  auto& second = connection(1);
  run_until([&] { return second.received == "two"; }, "data");
}

TEST_F(RawPortTest, ASlowDestinationStopsTheClient) {
  destination.reading = false;
  client.supported = {wire::kExtensionBulk};
  start_ssh();
  connection(0);
  run_until([&] { return client.handshake().complete(); }, "the handshake");
  std::size_t sent = 0;
  const std::string chunk(64 * 1024, 'x');
  run_until_still([&] {
    while (client.can_send() && sent < 200'000'000) {
      client.type(chunk);
      sent += chunk.size();
    }
  });
  EXPECT_FALSE(client.can_send());
  EXPECT_LT(sent, 60'000'000U);
}

}  // namespace
}  // namespace postern::agent

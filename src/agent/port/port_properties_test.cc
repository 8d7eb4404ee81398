#include "agent/port/port_properties.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "agent/service.h"

namespace postern::agent {
namespace {

std::expected<PortProperties, std::string> read(const char* json) {
  return read_port_properties(boost::json::parse(json));
}

TEST(PortProperties, ReadsAwsDocuments) {
  const auto ssh = read(R"({"portNumber":"22"})");
  ASSERT_TRUE(ssh) << ssh.error();
  EXPECT_EQ(ssh->target, Target(TcpTarget{"localhost", 22}));
  EXPECT_FALSE(ssh->local_port_forwarding);
  const auto remote = read(
      R"({"portNumber":"5432","host":"db.internal","type":"LocalPortForwarding","localPortNumber":"0","localConnectionType":"unix"})");
  ASSERT_TRUE(remote) << remote.error();
  EXPECT_EQ(remote->target, Target(TcpTarget{"db.internal", 5432}));
  EXPECT_TRUE(remote->local_port_forwarding);
  EXPECT_TRUE(remote->destinations.allows(TcpTarget{"DB.internal", 5432}));
  EXPECT_FALSE(remote->destinations.allows(TcpTarget{"db.internal", 5433}));
}

TEST(PortProperties, ReadsWhatOurDocumentsAdd) {
  const auto socket = read(R"({"socket":"/run/docker.sock","portNumber":"","type":"LocalPortForwarding"})");
  ASSERT_TRUE(socket) << socket.error();
  EXPECT_EQ(socket->target, Target(UnixTarget{"/run/docker.sock"}));
  const auto any = read(
      R"({"portNumber":"","type":"LocalPortForwarding","destinations":["a:1","*"],"listeners":["8080","0.0.0.0:0","[::]:90","*:1"]})");
  ASSERT_TRUE(any) << any.error();
  EXPECT_FALSE(any->target);
  EXPECT_TRUE(any->destinations.allows(TcpTarget{"x", 7}));
  EXPECT_EQ(any->listeners,
            (std::vector<PortListener>{{"127.0.0.1", 8080}, {"0.0.0.0", 0}, {"::", 90}, {"*", 1}}));
}

// data-channel.md 10.
TEST(PortProperties, Trap50_ValuesAreStrings) {
  for (const auto& [json, member] : {std::pair{R"({"portNumber":22})", "portNumber"},
                                     {R"({"portNumber":"22","host":true})", "host"},
                                     {R"({"portNumber":"22","type":1})", "type"}}) {
    const auto properties = read(json);
    ASSERT_FALSE(properties) << json;
    EXPECT_TRUE(
        properties.error().starts_with("Unable to remarshal session properties. " + std::string(member)))
        << properties.error();
  }
}

TEST(PortProperties, SayWhatIsWrong) {
  for (const auto& [json, part] : {std::pair{"null", "an object"},
                                   {"{}", "portNumber: is required"},
                                   {R"({"type":"LocalPortForwarding"})", "portNumber: is required"},
                                   {R"({"destinations":["a:1"]})", "portNumber: is required"},
                                   {R"({"portNumber":"0"})", "1 to 65535"},
                                   {R"({"portNumber":"22","host":"a b"})", "host: "},
                                   {R"({"portNumber":"22","type":"Other"})", "found Other"},
                                   {R"({"portNumber":"22","destinations":["x"]})", "destination \"x\""},
                                   {R"({"portNumber":"22","listeners":["name:80"]})", "listener \"name:80\""},
                                   {R"({"portNumber":"22","listeners":["65536"]})", "0 to 65535"},
                                   {R"({"socket":"relative"})", "absolute path"}}) {
    const auto properties = read(json);
    ASSERT_FALSE(properties) << json;
    EXPECT_NE(properties.error().find(part), std::string::npos) << properties.error();
  }
}

TEST(PortProperties, Trap34AndControlPlaneTrap37_TheClientsVersionDecidesOnMultiplexing) {
  for (const char* yes : {"1.1.70", "1.1.70.0", "1.1.100", "1.2.0.0", "1.2.677.0", "2.0.0", "10.0.0.0"}) {
    EXPECT_TRUE(client_multiplexes(yes)) << yes;
  }
  for (const char* no :
       {"1.1.69", "1.1.69.999", "1.0.99", "0.9.0", "", "1", "1.1", "1.1.x", "1..70", "v2.0.0", "1.1.70x"}) {
    EXPECT_FALSE(client_multiplexes(no)) << no;
  }
}

// data-channel.md 10: four components, above every gate, so that clients multiplex and send and expect no
// keep-alive.
TEST(AgentVersion, Trap33And48_HasFourComponentsAboveEveryGate) {
  EXPECT_STREQ(kAgentVersion, "3.3.9999.0");
}

}  // namespace
}  // namespace postern::agent

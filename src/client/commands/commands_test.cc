#include <gtest/gtest.h>

#include "client/commands/command_line.h"
#include "client/commands/forward_plan.h"
#include "client/commands/forward_report.h"
#include "client/commands/parameters.h"
#include "client/commands/ssh_arguments.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

TEST(ParseParameters, CollectsNamesAndLists) {
  const auto parsed =
      parse_parameters({"portNumber=80", "names=a", "names=b,c=d", R"({"x": ["1", "2"], "y": "z"})"});
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(*parsed,
            (SessionParameters{
                {"portNumber", {"80"}}, {"names", {"a", "b,c=d"}}, {"x", {"1", "2"}}, {"y", {"z"}}}));
}

TEST(ParseParameters, SaysWhatIsWrong) {
  const std::string expected = R"(; expected NAME=VALUE or {"NAME": ["VALUE", ...]})";
  EXPECT_EQ(parse_parameters({"portNumber"}).error(),
            "--parameters portNumber: there is no name before a =" + expected);
  EXPECT_EQ(parse_parameters({"=80"}).error(), "--parameters =80: there is no name before a =" + expected);
  EXPECT_NE(parse_parameters({"{"}).error().find("not valid JSON"), std::string::npos);
  EXPECT_NE(parse_parameters({R"({"x": 1})"}).error().find("x: expected a list"), std::string::npos)
      << parse_parameters({R"({"x": 1})"}).error();
}

TEST(OwnArguments, EndWithTheNodeWhereACommandFollows) {
  struct Case {
    std::vector<const char*> arguments;
    std::size_t own;
  };
  const std::vector<Case> cases = {
      {{"postern"}, 1},
      {{"postern", "nodes", "--json"}, 3},
      {{"postern", "exec"}, 2},
      {{"postern", "exec", "--help"}, 3},
      {{"postern", "exec", "web-1", "--", "ls", "--help"}, 3},
      {{"postern", "exec", "-n", "--reason", "why", "web-1", "ls", "-n"}, 6},
      {{"postern", "--profile", "exec", "ssh", "--region=x", "web-1", "-v"}, 6},
      {{"postern", "--profile", "exec", "forward", "web-1", "-L", "1:a:1"}, 7},
  };
  for (const auto& test : cases) EXPECT_EQ(own_arguments(test.arguments), test.own);
}

TEST(SplitUser, KnowsUsersFromTags) {
  EXPECT_EQ(split_user("web-1"), std::pair(std::string(), std::string("web-1")));
  EXPECT_EQ(split_user("admin@web-1"), std::pair(std::string("admin"), std::string("web-1")));
  EXPECT_EQ(split_user("tag:Owner=a@b"), std::pair(std::string(), std::string("tag:Owner=a@b")));
}

TEST(SshArguments, GoThroughTheProxyAndKeepTheHostKeyByNode) {
  SshInvocation invocation;
  invocation.program = "/opt/my tools/postern";
  invocation.flags.profile = "100%";
  invocation.flags.ca_bundle = "/etc/ca.pem";
  invocation.user = "admin";
  invocation.node = "web-1";
  invocation.node_id = "mi-0123";
  invocation.words = {"-v", "uptime"};
  EXPECT_EQ(ssh_arguments(invocation),
            (std::vector<std::string>{"ssh", "-o",
                                      "ProxyCommand='/opt/my tools/postern' --profile '100%%' --ca-bundle "
                                      "/etc/ca.pem ssh-proxy mi-0123 %p",
                                      "-o", "HostKeyAlias=mi-0123", "-l", "admin", "web-1", "-v", "uptime"}));
  invocation.node = "tag:Role=db";
  EXPECT_EQ(ssh_arguments(invocation)[7], "mi-0123");
}

ForwardChoices choices(const std::vector<const char*>& local, const std::vector<const char*>& dynamic = {},
                       const std::vector<const char*>& remote = {}) {
  ForwardChoices made;
  made.target = "web-1";
  for (const auto* text : local) made.local.push_back(*parse_local_forward(text));
  for (const auto* text : dynamic) made.dynamic.push_back(*parse_dynamic_forward(text));
  for (const auto* text : remote) made.remote.push_back(*parse_remote_forward(text));
  return made;
}

TEST(ForwardingRequest, NamesDestinationsAndListeners) {
  const auto request = forwarding_request(
      choices({"1:/run/x.sock", "2:db:5432", "3:[fe80::1]:80", "4:db:5432"}, {}, {"9000:a:1", "*:0:b:2"}));
  EXPECT_EQ(request.document_name, "Postern-StartForwarding");
  EXPECT_EQ(*request.parameters,
            (SessionParameters{{"host", {"db"}},
                               {"portNumber", {"5432"}},
                               {"destinations", {"unix:/run/x.sock", "db:5432", "[fe80::1]:80"}},
                               {"listeners", {"9000", "*:0"}}}));
  EXPECT_EQ(*forwarding_request(choices({}, {"1080"})).parameters,
            (SessionParameters{{"destinations", {"*"}}}));
}

TEST(ChooseWay, FollowsTheAgent) {
  SessionFacts ours{.session_type = wire::kPort, .agreed = {wire::kExtensionBulk, wire::kExtensionMuxFlow}};
  SessionFacts official{.session_type = wire::kPort, .agent_version = "3.3.987.0"};
  EXPECT_EQ(choose_way(choices({"1:a:1", "2:b:2"}, {"3"}), ours), ForwardWay::kOneSession);
  EXPECT_EQ(choose_way(choices({"1:a:1"}), official), ForwardWay::kOfficialSession);
  EXPECT_EQ(choose_way(choices({"1:a:1", "2:b:2"}), official), ForwardWay::kSessionForEach);
  for (const auto& [asked, what] :
       {std::pair(choices({}, {"1"}), "-D"), std::pair(choices({}, {}, {"1:a:1"}), "-R"),
        std::pair(choices({"1:/x"}), "-L to a UNIX socket")}) {
    const auto way = choose_way(asked, official);
    ASSERT_FALSE(way);
    EXPECT_EQ(way.error(),
              std::string("the agent on web-1 (version 3.3.987.0) can't do ") + what +
                  ": it forwards local ports to hosts and ports only; postern-agent does all of it");
  }
  ours.session_type = wire::kStandardStream;
  EXPECT_FALSE(choose_way(choices({"1:a:1"}), ours));
}

TEST(ForwardReport, WritesALineForPeopleOrPrograms) {
  const ForwardReport text("web-1", ForwardReport::Format::kText);
  EXPECT_EQ(text.line("local", {"127.0.0.1", 8080, ""}, "db:5432"),
            "Forwarding 127.0.0.1:8080 -> db:5432 through web-1\n");
  EXPECT_EQ(text.line("dynamic", {"127.0.0.1", 1080, ""}, ""), "SOCKS5 proxy 127.0.0.1:1080 through web-1\n");
  EXPECT_EQ(text.line("remote", {"127.0.0.1", 9000, ""}, "localhost:3000"),
            "Forwarding 127.0.0.1:9000 on web-1 -> localhost:3000 here\n");
  const ForwardReport json("web-1", ForwardReport::Format::kJson);
  EXPECT_EQ(json.line("local", {"127.0.0.1", 8080, ""}, "db:5432"),
            R"({"forward":"local","node":"web-1","address":"127.0.0.1","port":8080,"to":"db:5432"})"
            "\n");
  EXPECT_EQ(json.line("local", {"", 0, "/tmp/s"}, "db:5432"),
            R"({"forward":"local","node":"web-1","socket":"/tmp/s","to":"db:5432"})"
            "\n");
}

}  // namespace
}  // namespace postern::client

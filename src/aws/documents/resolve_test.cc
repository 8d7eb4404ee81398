#include "aws/documents/resolve.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "aws/documents/built_in.h"
#include "aws/documents/placeholders.h"

namespace postern::aws {
namespace {

using Kind = ResolveError::Kind;

SessionDocument document(std::string_view text) {
  auto parsed = parse_session_document(text, DocumentFormat::kJson);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed.value_or(SessionDocument{});
}

const SessionDocument& built_in(std::string_view name) {
  return parsed_built_in_document(*find_built_in_document(name));
}

std::expected<ResolvedSession, ResolveError> resolve(const SessionDocument& of,
                                                     const SessionParameters& given,
                                                     std::string_view platform = "Linux") {
  return resolve_session(of, built_in(kPreferencesDocument), given, platform);
}

std::expected<ResolvedSession, ResolveError> resolve(std::string_view name, const SessionParameters& given) {
  return resolve(built_in(name), given);
}

SessionDocument command(std::string_view definition, std::string_view commands = "{{ p }}") {
  return document(
      fmt::format(R"({{"schemaVersion":"1.0","sessionType":"InteractiveCommands","parameters":{{"p":{}}},)"
                  R"("properties":{{"linux":{{"commands":"{}"}}}}}})",
                  definition, commands));
}

std::string command_of(const ResolvedSession& resolved) {
  return std::string(resolved.properties.at("linux").at("commands").as_string());
}

void expect_refused(const std::expected<ResolvedSession, ResolveError>& resolved, Kind kind,
                    std::string_view problem) {
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().kind, kind) << resolved.error().message;
  EXPECT_NE(resolved.error().message.find(problem), std::string::npos)
      << "got:      " << resolved.error().message << "\nexpected: " << problem;
}

// Lists come in, scalars go out.
TEST(Resolve, ControlPlaneTrap21_PutsParametersIntoBuiltInDocuments) {
  const auto ssh = resolve("AWS-StartSSHSession", {});
  ASSERT_TRUE(ssh) << ssh.error().message;
  EXPECT_EQ(ssh->properties, boost::json::parse(R"({"portNumber":"22"})"));
  const auto remote = resolve("AWS-StartPortForwardingSessionToRemoteHost",
                              {{"host", {"db.internal"}}, {"portNumber", {"5432"}}});
  ASSERT_TRUE(remote) << remote.error().message;
  EXPECT_EQ(
      remote->properties,
      boost::json::parse(
          R"({"host":"db.internal","portNumber":"5432","type":"LocalPortForwarding","localPortNumber":"0"})"));
  const auto socket = resolve("AWS-StartPortForwardingSessionToSocket", {{"socket", {"/run/docker.sock"}}});
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(socket->properties.at("socket"), "/run/docker.sock");
  const auto forward = resolve("Postern-StartForwarding",
                               {{"destinations", {"db:5432", "unix:/run/x"}}, {"listeners", {"0"}}});
  ASSERT_TRUE(forward) << forward.error().message;
  EXPECT_EQ(forward->properties.at("destinations"), boost::json::parse(R"(["db:5432","unix:/run/x"])"));
  EXPECT_EQ(forward->properties.at("listeners"), boost::json::parse(R"(["0"])"));
  const auto copy = resolve("Postern-CopyFiles", {{"direction", {"upload"}}, {"path", {"/tmp/x y"}}});
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->properties.at("linux").at("copyFiles"),
            boost::json::parse(R"({"direction":"upload","path":"/tmp/x y"})"));
}

TEST(Resolve, ControlPlaneTrap33_RefusesParametersWithTheReason) {
  struct Case {
    const char* name;
    SessionParameters given;
    const char* problem;
  };
  const Case cases[] = {
      {"AWS-StartSSHSession", {{"port", {"22"}}}, "The document has no parameter port; it has portNumber."},
      {"SSM-SessionManagerRunShell", {{"x", {"y"}}}, "The document takes no parameters, but x was given."},
      {"AWS-StartInteractiveCommand", {}, "The parameter command is required."},
      {"AWS-StartInteractiveCommand", {{"command", {}}}, "takes exactly one value, found 0"},
      {"AWS-StartInteractiveCommand", {{"command", {"a", "b"}}}, "takes exactly one value, found 2"},
      {"AWS-StartSSHSession",
       {{"portNumber", {"0"}}},
       "The value of parameter portNumber is refused: it does not match the allowedPattern ^("},
      {"AWS-StartSSHSession", {{"portNumber", {"22; reboot"}}}, "portNumber is refused"},
      {"AWS-StartSSHSession", {{"portNumber", {"22\n"}}}, "portNumber is refused"},
      {"AWS-StartPortForwardingSessionToRemoteHost", {{"host", {"a$(reboot)"}}}, "host is refused"},
      {"AWS-StartPortForwardingSessionToSocket", {{"socket", {"x"}}}, "socket is refused"},
      {"AWS-StartPortForwardingSessionToSocket", {}, "The parameter socket is required."},
      {"Postern-StartForwarding",
       {{"destinations", {"nowhere"}}},
       "properties.destinations[0]: expected HOST:PORT"},
      {"Postern-CopyFiles",
       {{"direction", {"sideways"}}, {"path", {"/x"}}},
       "direction is refused: it must be one of: upload, download"},
      {"Postern-CopyFiles",
       {{"direction", {"upload"}}, {"path", {""}}},
       "path is refused: it has 0 characters; at least 1"},
      {"AWS-StartInteractiveCommand", {{"command", {"echo {{ ssm:secret }}"}}}, "{{ ssm:... }} is refused"},
  };
  for (const auto& [name, given, problem] : cases) {
    expect_refused(resolve(name, given), Kind::kParameters, problem);
  }
}

TEST(Resolve, DoesNotRepeatValues) {
  const auto refused = resolve("AWS-StartSSHSession", {{"portNumber", {"my-password"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("my-password"), std::string::npos);
}

// control-plane.md 5.1: the agents' semantics, an unanchored search.
TEST(Resolve, SearchesPatternsUnanchored) {
  EXPECT_TRUE(resolve(command(R"({"type":"String","allowedPattern":"[0-9]"})"), {{"p", {"a1b"}}}));
  EXPECT_FALSE(resolve(command(R"({"type":"String","allowedPattern":"^[0-9]$"})"), {{"p", {"1\n"}}}));
}

TEST(Resolve, ChecksTypesAndBounds) {
  const auto list =
      command(R"({"type":"StringList","minItems":1,"maxItems":2,"maxChars":3,"allowedPattern":"^[a-z]*$"})");
  expect_refused(resolve(list, {{"p", {}}}), Kind::kParameters, "it has 0 values; at least 1");
  expect_refused(resolve(list, {{"p", {"a", "b", "c"}}}), Kind::kParameters, "it has 3 values; at most 2");
  expect_refused(resolve(list, {{"p", {"a", "bbbb"}}}), Kind::kParameters,
                 "value 2 of the list: it has 4 characters");
  expect_refused(resolve(list, {{"p", {"A"}}}), Kind::kParameters, "value 1 of the list: it does not match");
  expect_refused(resolve(command(R"({"type":"Boolean"})"), {{"p", {"1"}}}), Kind::kParameters,
                 "it must be true or false");
  expect_refused(resolve(command(R"({"type":"Integer"})"), {{"p", {"1.5"}}}), Kind::kParameters,
                 "it must be an integer");
}

TEST(Resolve, SubstitutesOnceAndNeverLooksAgain) {
  const auto twice = document(
      R"({"schemaVersion":"1.0","sessionType":"InteractiveCommands",
          "parameters":{"a":{"type":"String"},"b":{"type":"String"}},
          "properties":{"linux":{"commands":"{{a}}-{{ b }}-{{.Names}}-{{{ a }}}"}}})");
  const auto resolved = resolve(twice, {{"a", {"{{ b }}"}}, {"b", {"x{{a}}"}}});
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(command_of(*resolved), "{{ b }}-x{{a}}-{{.Names}}-{{{ b }}}");
}

TEST(Resolve, RefusesWhatTwoPiecesWouldMakeTogether) {
  const auto joined = document(
      R"({"schemaVersion":"1.0","sessionType":"InteractiveCommands",
          "parameters":{"a":{"type":"String"},"b":{"type":"String"}},
          "properties":{"linux":{"commands":"{{a}}{{b}}"}}})");
  expect_refused(resolve(joined, {{"a", {"{{ ss"}}, {"b", {"m:x }}"}}}), Kind::kParameters, "{{ ssm:... }}");
}

TEST(Resolve, KeepsListsAndFlagsInTheirTypes) {
  const auto whole = resolve(command(R"({"type":"StringList"})", "run {{ p }}"), {{"p", {"a", "b\"c"}}});
  ASSERT_TRUE(whole);
  EXPECT_EQ(command_of(*whole), R"(run ["a","b\"c"])");
  const auto elevated = document(
      R"({"schemaVersion":"1.0","sessionType":"InteractiveCommands","parameters":{"up":{"type":"Boolean"},"s":{"type":"String"}},
          "properties":{"linux":{"commands":"ls","runAsElevated":"{{ up }}"},"macos":{"commands":"ls","runAsElevated":"{{ s }}"}}})");
  const auto resolved = resolve(elevated, {{"up", {"true"}}, {"s", {"false"}}}, "");
  ASSERT_TRUE(resolved) << resolved.error().message;
  // Official agents take a boolean only.
  EXPECT_EQ(resolved->properties.at("linux").at("runAsElevated"), true);
  EXPECT_EQ(resolved->properties.at("macos").at("runAsElevated"), false);
  expect_refused(resolve(elevated, {{"up", {"true"}}, {"s", {"maybe"}}}, ""), Kind::kParameters,
                 "properties.macos.runAsElevated: expected true or false");
  // A command that became a list would break the whole start message.
  expect_refused(resolve(command(R"({"type":"StringList"})"), {{"p", {"a"}}}), Kind::kParameters,
                 "properties.linux.commands: expected a string");
}

TEST(Resolve, BoundsWhatComesOut) {
  std::string commands;
  for (int i = 0; i < 100; ++i) commands += "{{ p }}";
  expect_refused(resolve(command(R"({"type":"String"})", commands), {{"p", {std::string(60'000, 'x')}}}),
                 Kind::kParameters, "more than 262144 bytes");
}

TEST(Resolve, SendsOnlyTheNodesPlatform) {
  const auto& commands = built_in("AWS-StartInteractiveCommand");
  const SessionParameters given = {{"command", {"ls"}}};
  EXPECT_EQ(resolve(commands, given, "Linux")->properties.as_object().size(), 1U);
  EXPECT_TRUE(resolve(commands, given, "MacOS")->properties.as_object().contains("macos"));
  EXPECT_EQ(resolve(commands, given, "")->properties.as_object().size(), 3U);
  expect_refused(resolve(command(R"({"type":"String"})"), {{"p", {"x"}}}, "Windows"), Kind::kPlatform,
                 "the document has no command for Windows");
  const auto shell = document(
      R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","properties":{"linux":{"commands":"bash -l"}}})");
  EXPECT_EQ(resolve(shell, {}, "MacOS")->properties, boost::json::object{});
}

TEST(Resolve, ControlPlaneTrap22_InputsHaveTheTypesThatAgentsDemand) {
  const auto shell = document(
      R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":5,
          "maxSessionDuration":90,"cloudWatchStreamingEnabled":"true","runAsEnabled":"true","runAsDefaultUser":"ops",
          "kmsKeyId":"alias/k","shellProfile":{"linux":"date"}}})");
  const auto resolved = resolve(shell, {});
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(
      boost::json::serialize(resolved->inputs),
      R"({"s3BucketName":"","s3KeyPrefix":"","s3EncryptionEnabled":false,"cloudWatchLogGroupName":"",)"
      R"("cloudWatchEncryptionEnabled":false,"cloudWatchStreamingEnabled":true,"kmsKeyId":"alias/k",)"
      R"("runAsEnabled":true,"runAsDefaultUser":"ops","idleSessionTimeout":"5","maxSessionDuration":"90",)"
      R"("shellProfile":{"windows":"","linux":"date"}})");
  EXPECT_EQ(resolved->idle_timeout, std::chrono::minutes(5));
  EXPECT_EQ(resolved->max_duration, std::chrono::minutes(90));
}

TEST(Resolve, ControlPlaneTrap34_EncryptionIsNotDemandedUnlessSaid) {
  const auto resolved =
      resolve(document(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{}})"), {});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->inputs.at("s3EncryptionEnabled"), false);
  EXPECT_EQ(resolved->inputs.at("cloudWatchEncryptionEnabled"), false);
  EXPECT_EQ(resolved->idle_timeout, std::chrono::minutes(20));
  EXPECT_EQ(resolved->max_duration, std::chrono::minutes(0));
}

// control-plane.md 5.2.
TEST(Resolve, TakesTheAccountsPreferencesWhereADocumentHasNone) {
  const auto preferences = document(
      R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","parameters":{"m":{"type":"String","default":"7"}},
          "inputs":{"idleSessionTimeout":"{{ m }}","maxSessionDuration":"60"}})");
  const auto& ssh = built_in("AWS-StartSSHSession");
  const auto inherited = resolve_session(ssh, preferences, {}, "Linux");
  ASSERT_TRUE(inherited) << inherited.error().message;
  EXPECT_EQ(inherited->idle_timeout, std::chrono::minutes(7));
  EXPECT_EQ(inherited->max_duration, std::chrono::minutes(60));
  const auto own = document(
      R"({"schemaVersion":"1.0","sessionType":"Port","inputs":{"idleSessionTimeout":"1"},"properties":{"portNumber":"22"}})");
  const auto kept = resolve_session(own, preferences, {}, "Linux");
  EXPECT_EQ(kept->idle_timeout, std::chrono::minutes(1));
  EXPECT_EQ(kept->max_duration, std::chrono::minutes(0));
  const auto needy = document(
      R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","parameters":{"m":{"type":"String"}},
          "inputs":{"idleSessionTimeout":"{{ m }}"}})");
  expect_refused(resolve_session(ssh, needy, {}, "Linux"), Kind::kDocument,
                 "The account's session preferences");
  expect_refused(resolve_session(needy, needy, {{"m", {"61"}}}, "Linux"), Kind::kParameters,
                 "inputs.idleSessionTimeout: expected minutes, 1 to 60");
}

TEST(Resolve, DeniesForwardsToCloudMetadata) {
  for (const auto* host : {"169.254.169.254", "2852039166", "fd00:ec2::254"}) {
    expect_refused(resolve("AWS-StartPortForwardingSessionToRemoteHost", {{"host", {host}}}), Kind::kDenied,
                   host);
  }
  expect_refused(resolve("Postern-StartForwarding", {{"destinations", {"db:1", "[fd00:ec2::254]:80"}}}),
                 Kind::kDenied, "Forwarding to fd00:ec2::254 is denied");
}

TEST(Placeholders, TakeLettersAndDigits) {
  EXPECT_TRUE(has_placeholder("{{a1}}"));
  EXPECT_TRUE(has_placeholder("x{{ \t a1\n}}"));
  for (const auto* text : {"", "{{}}", "{{ a b }}", "{{ a-b }}", "{{a}", "{a}}", "{{ \xc3\xa4 }}"})
    EXPECT_FALSE(has_placeholder(text)) << text;
}

}  // namespace
}  // namespace postern::aws

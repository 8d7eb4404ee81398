#include "client/plugin.h"

#include <gtest/gtest.h>

#include "client/session/run_session.h"
#include "client/session/session_text.h"

namespace postern::client {
namespace {

constexpr const char* kResponse =
    R"({"SessionId": "alice-0a1b", "TokenValue": "AAEAAb", "StreamUrl": "wss://h/v1/data-channel/alice-0a1b?role=publish_subscribe"})";
constexpr const char* kRequest = R"({"Target": "i-0123456789abcdef0"})";

PluginPlan plan(
    std::vector<std::string> arguments,
    const Environment& environment = [](const char*) { return std::nullopt; }) {
  arguments.insert(arguments.begin(), "/usr/bin/session-manager-plugin");
  return plan_plugin(arguments, environment);
}

TEST(PlanPlugin, PrintsWhatTheOfficialPluginPrints) {
  struct Case {
    std::vector<std::string> arguments;
    std::string text;
    int exit_code = 0;
  };
  const std::vector<Case> cases = {
      {{},
       "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n"},
      {{"--version"}, std::string(kPluginVersion) + "\n"},
      {{"help"},
       "\nUnknown operation help. \nUse session-manager-plugin --version to check the version.\n\n"},
      {{"--version", "x"},
       "\nUnknown operation --version. \nUse session-manager-plugin --version to check the version.\n\n"},
      {{kResponse, "r", "StopSession"}, "Invalid Operation"},
  };
  for (const auto& test : cases) {
    const auto found = plan(test.arguments);
    EXPECT_EQ(found.kind, PluginPlan::Kind::kPrint);
    EXPECT_EQ(found.text, test.text);
    EXPECT_EQ(found.exit_code, test.exit_code);
  }
}

TEST(PlanPlugin, TakesTheResponseFromTheArgument) {
  const auto found =
      plan({kResponse, "us-east-1", "StartSession", "dev", kRequest, "https://ssm.example", "ignored"});
  ASSERT_EQ(found.kind, PluginPlan::Kind::kStart) << found.text;
  EXPECT_EQ(found.ticket.session_id, "alice-0a1b");
  EXPECT_EQ(found.ticket.token.reveal(), "AAEAAb");
  EXPECT_EQ(found.ticket.stream_url, "wss://h/v1/data-channel/alice-0a1b?role=publish_subscribe");
  EXPECT_EQ(found.flags.region, "us-east-1");
  EXPECT_EQ(found.flags.profile, "dev");
  EXPECT_EQ(found.flags.endpoint_url, "https://ssm.example");
  EXPECT_EQ(found.variable, "");
}

TEST(PlanPlugin, Trap41_TakesTheResponseFromTheVariableAndNamesIt) {
  const auto environment = [](const char* name) -> std::optional<std::string> {
    return std::string_view(name) == "AWS_SSM_START_SESSION_RESPONSE_7"
               ? std::optional<std::string>(kResponse)
               : std::nullopt;
  };
  const auto found =
      plan({"AWS_SSM_START_SESSION_RESPONSE_7", "r", "StartSession", "", kRequest, "https://e"}, environment);
  ASSERT_EQ(found.kind, PluginPlan::Kind::kStart) << found.text;
  EXPECT_EQ(found.ticket.session_id, "alice-0a1b");
  EXPECT_EQ(found.variable, "AWS_SSM_START_SESSION_RESPONSE_7");
  const auto unset =
      plan({"AWS_SSM_START_SESSION_RESPONSE", "r", "StartSession", "", kRequest, "https://e"}, environment);
  EXPECT_TRUE(unset.text.starts_with("Cannot perform start session: ")) << unset.text;
  EXPECT_EQ(unset.exit_code, 0);
}

TEST(PlanPlugin, Trap60_AcceptsEcsNamesAndAnOldCli) {
  const auto ecs = plan({R"({"sessionId":"ecs-1","streamUrl":"wss://h/x","tokenValue":"t"})", "r",
                         "StartSession", "", R"({"Target":"ecs:c_t_r"})", "https://ecs"});
  ASSERT_EQ(ecs.kind, PluginPlan::Kind::kStart) << ecs.text;
  EXPECT_EQ(ecs.ticket.session_id, "ecs-1");
  EXPECT_EQ(plan({kResponse, "r", "StartSession"}).kind, PluginPlan::Kind::kStart);
}

TEST(PlanPlugin, Trap40_RefusesWhatCantBecomeASession) {
  const auto bad_json = plan({"{", "r", "StartSession", "", kRequest, ""});
  EXPECT_TRUE(bad_json.text.starts_with("Cannot perform start session: ")) << bad_json.text;
  EXPECT_EQ(bad_json.exit_code, 0);
  EXPECT_EQ(plan({R"({"SessionId":"s","StreamUrl":"u"})", "r", "StartSession"}).text,
            "Cannot perform start session: the StartSession response has no TokenValue\n");
  EXPECT_EQ(plan({R"({"SessionId":"s","StreamUrl":"u"})", "r", "StartSession"}).exit_code, 2);
  EXPECT_EQ(plan({kResponse, "r", "StartSession", "", R"({"Target":7})", ""}).exit_code, 2);
}

// Agents enable multiplexing from 1.1.70 on, and leave out keep-alives and separate the streams of commands
// only above 1.2.331.0: a version of our own would have none of it.
TEST(PluginVersion, Trap34AndControlPlaneTrap37_HasFourComponentsAboveEveryGate) {
  EXPECT_STREQ(kPluginVersion, "1.2.900.0");
}

TEST(PlanPlugin, ExpectsWhatTheDocumentSays) {
  const auto expects = [](const char* request) {
    return plan({kResponse, "r", "StartSession", "", request, ""}).expect;
  };
  EXPECT_EQ(expects(R"({"Target":"i-1"})"), Expect::kTerminal);
  EXPECT_EQ(expects(R"({"Target":"i-1","DocumentName":"AWS-StartInteractiveCommand"})"), Expect::kTerminal);
  EXPECT_EQ(expects(R"({"Target":"i-1","DocumentName":"AWS-StartSSHSession"})"), Expect::kStandardStreams);
  EXPECT_EQ(expects(R"({"Target":"i-1","DocumentName":"Mine"})"), Expect::kAnything);
}

TEST(EndText, IsTheOfficialOne) {
  using Kind = SessionEnd::Kind;
  EXPECT_EQ(starting_text("s-1"), "\nStarting session with SessionId: s-1\n");
  EXPECT_EQ(end_text("s-1", {Kind::kClosed, ""}), "\n\nExiting session with sessionId: s-1.\n\n");
  EXPECT_EQ(end_text("s-1", {Kind::kClosed, "why"}), "\n\nSessionId: s-1 : why\n\n");
  EXPECT_EQ(end_text("s-1", {Kind::kTimedOut, ""}), "Session: s-1 timed out.\n");
  EXPECT_EQ(end_text("s-1", {Kind::kFailed, "why"}), "Cannot perform start session: why\n");
  EXPECT_EQ(end_text("s-1", {Kind::kDisconnected, ""}), "\n\nExiting session with sessionId: s-1.\n\n");
}

TEST(IsPresigned, KnowsTheMembersOfASignature) {
  EXPECT_FALSE(is_presigned("/v1/data-channel/s"));
  EXPECT_FALSE(is_presigned("/v1/data-channel/s?role=publish_subscribe&cell-number=AAE"));
  EXPECT_TRUE(is_presigned("/v1/data-channel/s?role=publish_subscribe&X-Amz-Signature=00"));
}

}  // namespace
}  // namespace postern::client

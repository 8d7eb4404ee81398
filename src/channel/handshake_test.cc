#include "channel/handshake.h"

#include <gtest/gtest.h>

#include "wire/control_payloads.h"

namespace postern::channel {
namespace {

using wire::PayloadType;

const SteadyTime kStart{std::chrono::hours(1)};

TEST(Handshake, EndsAgree) {
  const boost::json::value properties = {{"portNumber", "22"}};
  AgentHandshake agent("3.3.9999.0", wire::kPort, properties);
  ClientHandshake client("1.2.9999.0");

  const auto request = agent.start(kStart);
  EXPECT_EQ(request.type, PayloadType::kHandshakeRequest);
  const auto answer = client.on_delivery(request.type, as_bytes(request.payload));
  ASSERT_TRUE(answer) << answer.error();
  ASSERT_TRUE(answer->send);
  EXPECT_TRUE(answer->consumed);
  EXPECT_FALSE(client.complete());

  const auto complete = agent.on_delivery(answer->send->type, as_bytes(answer->send->payload),
                                          kStart + std::chrono::milliseconds(5));
  ASSERT_TRUE(complete) << complete.error();
  ASSERT_TRUE(*complete);
  EXPECT_EQ((*complete)->payload, R"({"HandshakeTimeToComplete":5000000,"CustomerMessage":""})");
  EXPECT_TRUE(agent.complete());
  EXPECT_EQ(agent.client_version(), "1.2.9999.0");

  ASSERT_TRUE(client.on_delivery((*complete)->type, as_bytes((*complete)->payload)));
  EXPECT_TRUE(client.complete());
  EXPECT_EQ(client.session_type(), wire::kPort);
  EXPECT_EQ(client.properties(), properties);
  EXPECT_EQ(client.agent_version(), "3.3.9999.0");
}

TEST(Handshake, AgreesOnExtensionsThatBothKnow) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr, {"bulk", "mux-flow", "future"});
  ClientHandshake client("1.2.9999.0", {"mux-flow", "bulk", "other"});
  const auto request = agent.start(kStart);
  const auto answer = client.on_delivery(request.type, as_bytes(request.payload));
  ASSERT_TRUE(answer && answer->send);
  EXPECT_EQ(client.agreed(), (Extensions{"mux-flow", "bulk"}));
  ASSERT_TRUE(agent.on_delivery(answer->send->type, as_bytes(answer->send->payload), kStart));
  EXPECT_EQ(agent.agreed(), (Extensions{"bulk", "mux-flow"}));
}

TEST(Handshake, AgreesOnNothingWithAnOfficialPeer) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr, {"bulk"});
  agent.start(kStart);
  ASSERT_TRUE(agent.on_delivery(
      PayloadType::kHandshakeResponse,
      as_bytes(R"({"ClientVersion":"1.2.677.0","ProcessedClientActions":[],"Errors":null})"), kStart));
  EXPECT_TRUE(agent.agreed().empty());

  ClientHandshake client("1.2.9999.0", {"bulk"});
  const auto step =
      client.on_delivery(PayloadType::kHandshakeRequest,
                         as_bytes(R"({"AgentVersion":"3.3.987.0","RequestedClientActions":[]})"));
  ASSERT_TRUE(step && step->send);
  EXPECT_EQ(step->send->payload.find("xtensions"), std::string::npos);
}

TEST(ClientHandshake, Trap29AndControlPlaneTrap24_TakesOutputForAShell) {
  ClientHandshake client("1.2.9999.0");
  const auto step = client.on_delivery(PayloadType::kOutput, as_bytes("$ "));
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->consumed);
  EXPECT_TRUE(client.complete());
  EXPECT_EQ(client.session_type(), wire::kStandardStream);
  EXPECT_EQ(client.agent_version(), "") << "nobody has told it";
}

TEST(ClientHandshake, Trap37_RefusesEncryptionAndUnknownActions) {
  ClientHandshake client("1.2.9999.0");
  const auto step = client.on_delivery(
      PayloadType::kHandshakeRequest,
      as_bytes(
          R"({"AgentVersion":"3.3.987.0","RequestedClientActions":[)"
          R"({"ActionType":"SessionType","ActionParameters":{"SessionType":"Standard_Stream","Properties":null}},)"
          R"({"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k"}},)"
          R"({"ActionType":"Dance","ActionParameters":null}]})"));
  ASSERT_TRUE(step) << step.error();
  EXPECT_EQ(
      step->send->payload,
      R"({"ClientVersion":"1.2.9999.0","ProcessedClientActions":[)"
      R"({"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""},)"
      R"({"ActionType":"KMSEncryption","ActionStatus":3,"ActionResult":null,)"
      R"("Error":"Failed to process action KMSEncryption: encryption with a KMS key is not supported"},)"
      R"({"ActionType":"Dance","ActionStatus":3,"ActionResult":null,)"
      R"("Error":"Failed to process action Dance: unknown action"}],"Errors":[)"
      R"("Failed to process action KMSEncryption: encryption with a KMS key is not supported",)"
      R"("Failed to process action Dance: unknown action"]})");
}

TEST(ClientHandshake, RefusesAnUnknownSessionType) {
  ClientHandshake client("1.2.9999.0");
  const auto step = client.on_delivery(
      PayloadType::kHandshakeRequest,
      as_bytes(R"({"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType",)"
               R"("ActionParameters":{"SessionType":"Dance"}}]})"));
  ASSERT_TRUE(step);
  EXPECT_NE(step->send->payload.find("Unknown session type Dance"), std::string::npos);
  EXPECT_EQ(client.session_type(), "");
}

TEST(ClientHandshake, ReportsGarbage) {
  ClientHandshake client("1.2.9999.0");
  EXPECT_FALSE(client.on_delivery(PayloadType::kHandshakeRequest, as_bytes("{")));
  EXPECT_FALSE(client.on_delivery(PayloadType::kHandshakeComplete, as_bytes("[]")));
  EXPECT_FALSE(client.on_delivery(PayloadType::kEncChallengeRequest, as_bytes("{}")));
  EXPECT_FALSE(client.complete());
}

TEST(ClientHandshake, Trap36_AnswersOnce) {
  ClientHandshake client("1.2.9999.0");
  const auto* request =
      R"({"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType",)"
      R"("ActionParameters":{"SessionType":"Port","Properties":null}}]})";
  const auto first = client.on_delivery(PayloadType::kHandshakeRequest, as_bytes(request));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->send);
  const auto second = client.on_delivery(PayloadType::kHandshakeRequest, as_bytes(request));
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->consumed);
  EXPECT_FALSE(second->send);
}

TEST(AgentHandshake, Trap35_RequestsTheSessionTypeAndNothingElse) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr, {"bulk"});
  const auto request = decode_json_text<wire::HandshakeRequest>(agent.start(kStart).payload);
  ASSERT_TRUE(request);
  ASSERT_EQ(request->requested_client_actions.size(), 1U);
  EXPECT_EQ(request->requested_client_actions[0].action_type, wire::kActionSessionType);
}

TEST(AgentHandshake, Trap38_TheTimeIsAWholeNumberOfNanoseconds) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr);
  agent.start(kStart);
  const auto complete = agent.on_delivery(
      PayloadType::kHandshakeResponse,
      as_bytes(R"({"ClientVersion":"1.2.677.0","ProcessedClientActions":[],"Errors":null})"),
      kStart + std::chrono::milliseconds(1500));
  ASSERT_TRUE(complete && *complete);
  EXPECT_EQ((*complete)->payload, R"({"HandshakeTimeToComplete":1500000000,"CustomerMessage":""})");
}

TEST(AgentHandshake, Trap31AndControlPlaneTrap25_ThrowsAwayEarlyInput) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr);
  agent.start(kStart);
  const auto step = agent.on_delivery(PayloadType::kOutput, as_bytes("early"), kStart);
  ASSERT_TRUE(step);
  EXPECT_FALSE(*step);
  EXPECT_FALSE(agent.complete());
}

// The client may not even be there when it begins.
TEST(AgentHandshake, Trap30_TimeRunsFromTheAgentsRequestWhateverTheClientSends) {
  AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr);
  agent.start(kStart);
  EXPECT_EQ(agent.deadline(), kStart + std::chrono::seconds(15));
  ASSERT_TRUE(agent.on_delivery(PayloadType::kSize, as_bytes("{}"), kStart + std::chrono::seconds(14)));
  EXPECT_EQ(agent.deadline(), kStart + std::chrono::seconds(15));
}

TEST(AgentHandshake, FailsWithTheClientsReason) {
  const struct {
    const char* response;
    const char* text;
  } cases[] = {
      {R"({"ClientVersion":"1","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":2,"Error":"no"}]})",
       "SessionType failed on client with status 2 error: no"},
      // The official client's answer to an action that it doesn't know.
      {R"({"ClientVersion":"1","ProcessedClientActions":[{"ActionType":"X","ActionStatus":0,"ActionResult":3}]})",
       "X failed on client with status 0 error: "},
      {"{}", "invalid handshake response: ClientVersion: is required"},
  };
  for (const auto& [response, text] : cases) {
    AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr);
    agent.start(kStart);
    const auto step = agent.on_delivery(PayloadType::kHandshakeResponse, as_bytes(response), kStart);
    ASSERT_FALSE(step) << response;
    EXPECT_EQ(step.error(), text);
  }
}

}  // namespace
}  // namespace postern::channel

#include "wire/payloads.h"

#include <gtest/gtest.h>

#include "wire/handshake.h"
#include "wire/messages.h"

namespace postern::wire {
namespace {

const Stamp kStamp{*Uuid::parse("5d0c0000-0000-4000-8000-000000000001"), 1729591872000};

std::string payload_text(const Bytes& message) {
  const auto view = parse(message);
  return view ? std::string(as_text(view->payload)) : "unparsable";
}

TEST(OpenDataChannel, IsWrittenAsEachEndWritesIt) {
  OpenDataChannel client;
  client.request_id = "r";
  client.token_value = Secret("t");
  client.client_id = "c";
  client.client_version = "1.2.677.0";
  EXPECT_EQ(
      encode_json_text(client),
      R"({"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t","ClientId":"c","ClientVersion":"1.2.677.0"})");
  OpenDataChannel agent;
  agent.request_id = "r";
  agent.token_value = Secret("t");
  agent.client_instance_id = "mi-1";
  agent.client_id = "";
  EXPECT_EQ(
      encode_json_text(agent),
      R"({"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t","ClientInstanceId":"mi-1","ClientId":""})");
}

// Its model says that it has a character at least.
TEST(OpenDataChannel, Trap10AndControlPlaneTrap15_AnEmptyClientIdIsTaken) {
  const auto open = decode_json_text<OpenDataChannel>(
      R"({"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t","ClientInstanceId":"mi-1","ClientId":""})");
  ASSERT_TRUE(open) << open.error().message();
  EXPECT_EQ(open->client_id, "");
  EXPECT_EQ(open->client_instance_id, "mi-1");
}

TEST(OpenControlChannel, IsWrittenAsTheOfficialAgentDoes) {
  OpenControlChannel open;
  open.request_id = "r";
  open.token_value = Secret("t");
  open.agent_version = "3.3.987.0";
  open.platform_type = "linux";
  EXPECT_EQ(encode_json_text(open),
            R"({"Cookie":null,"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t",)"
            R"("AgentVersion":"3.3.987.0","PlatformType":"linux"})");
}

TEST(AgentTaskComplete, IsWrittenAsTheOfficialAgentDoes) {
  AgentTaskComplete body;
  body.task_id = "alice-1";
  body.final_task_status = kTaskSuccess;
  body.instance_id = "mi-1";
  EXPECT_EQ(
      payload_text(make_agent_task_complete(kStamp, body)),
      R"({"SchemaVersion":1,"TaskId":"alice-1","Topic":"agent_task_complete","FinalTaskStatus":"Success",)"
      R"("IsRoutingFailure":false,"AwsAccountId":"","InstanceId":"mi-1","Output":"","S3Bucket":"","S3UrlSuffix":"",)"
      R"("CwlGroup":"","CwlStream":"","RetryNumber":1})");
}

TEST(AgentTaskAcknowledge, NamesTheMessage) {
  EXPECT_EQ(payload_text(make_agent_task_acknowledge(kStamp, kStamp.message_id, "alice-1")),
            R"({"SchemaVersion":1,"MessageId":"5d0c0000-0000-4000-8000-000000000001","TaskId":"alice-1",)"
            R"("Topic":"agent_task_complete"})");
}

TEST(InteractiveShell, ControlPlaneTrap20_CarriesJsonInText) {
  SessionStart start;
  start.session_id = "alice-1";
  start.document_content.session_type = kStandardStream;
  start.document_content.inputs = boost::json::object{{"runAsEnabled", false}};
  start.document_content.parameters = boost::json::object{};
  start.document_content.properties = boost::json::object{};
  start.parameters = boost::json::object{};
  start.run_as_user = "";
  start.data_channel_token = Secret("first");
  const auto text = payload_text(make_interactive_shell(kStamp, start, "9c4f"));
  const auto outer = decode_json_text<InteractiveShell>(text);
  ASSERT_TRUE(outer) << outer.error().message();
  EXPECT_EQ(*outer->topic, "interactive_shell");
  EXPECT_EQ(
      outer->content,
      R"({"SessionId":"alice-1","DocumentContent":{"schemaVersion":"1.0","sessionType":"Standard_Stream",)"
      R"("inputs":{"runAsEnabled":false},"parameters":{},"properties":{}},"Parameters":{},"RunAsUser":"",)"
      R"("DataChannelToken":"first"})");
  const auto inner = decode_json_text<SessionStart>(outer->content);
  ASSERT_TRUE(inner) << inner.error().message();
  EXPECT_EQ(inner->document_content.session_type, kStandardStream);
  EXPECT_EQ(inner->data_channel_token->reveal(), "first");
}

// A service may send less than we write; the message still counts.
TEST(Bodies, AcceptWhatPeersLeaveOut) {
  EXPECT_TRUE(decode_json_text<ChannelClosed>(R"({"SessionId":"s"})"));
  EXPECT_TRUE(decode_json_text<AgentTaskAcknowledge>(R"({"MessageId":"m","TaskId":null})"));
  EXPECT_TRUE(decode_json_text<SessionStart>(
      R"({"SessionId":"s","DocumentContent":{"schemaVersion":"1.0","sessionType":"Standard_Stream"}})"));
  EXPECT_TRUE(decode_json_text<HandshakeResponse>(
      R"({"ClientVersion":"1","ProcessedClientActions":[{"ActionType":"x","ActionStatus":0,"ActionResult":3}]})"));
}

TEST(Flag, IsFourBytes) {
  EXPECT_EQ(decode_flag(encode_flag(Flag::kConnectToPortError)), Flag::kConnectToPortError);
  EXPECT_EQ(decode_flag(as_bytes("\1\2\3")), std::nullopt);
  EXPECT_EQ(decode_flag({}), std::nullopt);
}

TEST(ExitCode, IsReadAsWritten) {
  EXPECT_EQ(encode_exit_code(13), "EXIT_CODE: 13");
  for (const int code : {0, 3, 255, -1}) EXPECT_EQ(decode_exit_code(as_bytes(encode_exit_code(code))), code);
  for (const std::uint64_t credit : {0ULL, 1ULL << 40})
    EXPECT_EQ(decode_input_credit(encode_input_credit(credit)), credit);
  EXPECT_EQ(decode_input_credit(as_bytes("1234567")), std::nullopt);
  for (const int signal : {1, 15, 64}) EXPECT_EQ(signal_of(signal_flag(signal)), signal);
  for (const auto flag :
       {Flag::kEndOfInput, Flag::kTerminateSession, signal_flag(0), static_cast<Flag>(0x1202U)})
    EXPECT_EQ(signal_of(flag), std::nullopt);
  for (const char* bad : {"", "EXIT_CODE: ", "EXIT_CODE: 3\n", "exit 3", "EXIT_CODE: 99999999999"}) {
    EXPECT_EQ(decode_exit_code(as_bytes(bad)), std::nullopt) << bad;
  }
}

TEST(MessageType, NamesRoundTrip) {
  for (int i = 1; i <= static_cast<int>(MessageType::kControlChannelReady); ++i) {
    const auto type = static_cast<MessageType>(i);
    EXPECT_EQ(message_type_of(wire_name(type)), type) << wire_name(type);
  }
  EXPECT_EQ(message_type_of("unknown"), MessageType::kUnknown);
  EXPECT_EQ(message_type_of(""), MessageType::kUnknown);
}

}  // namespace
}  // namespace postern::wire

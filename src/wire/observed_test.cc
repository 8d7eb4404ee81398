// What unmodified official programs sent to a service of ours, taken off the wire: agent 3.3.987.0 and plugin
// 1.2.677.0 in one shell session. Only the tokens were replaced, by others of the same length.
#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "wire/control_payloads.h"
#include "wire/messages.h"
#include "wire/payloads.h"

namespace postern::wire {
namespace {

constexpr const char* kPluginSize =
    "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001000001a207452f5f"
    "00000000000000000000000000000000a4d05b63f497a1393b661950568e42e6cda2ccc70071d0b39957bbff5729f919"
    "2de7724b60d89f9baf138efbf90d673200000003000000167b22636f6c73223a3230302c22726f7773223a32347d";
constexpr const char* kPluginLine =
    "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001000001a207452fce"
    "00000000000000020000000000000000965c351ccf54f8a9c6a89a1bd82a4031382c1b99904fdfa48e6ad9e883b00975"
    "7346eecd6023143d000f22f84b18e878000000010000000e6563686f20242828362a3729290a";
constexpr const char* kPluginCtrlC =
    "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001000001a207453626"
    "00000000000000050000000000000000ab5f525e4c8530f02a7186bb126149c9084fed08b978af4d7d196a7446a86b58"
    "009e636b611db16211b65a9aadff29c5000000010000000103";
constexpr const char* kPluginAcknowledge =
    "0000007461636b6e6f776c6564676520202020202020202020202020202020202020202000000001000001a207452f5f"
    "00000000000000000000000000000003a07c60fd610e27c4fa6bbdf1d48143ef00f402da276e961375e3a45c98b5b03c"
    "91541b76a17138ebeb1ab203da91e55a00000000000000b07b2241636b6e6f776c65646765644d657373616765547970"
    "65223a226f75747075745f73747265616d5f64617461222c2241636b6e6f776c65646765644d6573736167654964223a"
    "2236646330336638342d313963372d346432612d613230372d643138653265313535366633222c2241636b6e6f776c65"
    "646765644d65737361676553657175656e63654e756d626572223a302c22497353657175656e7469616c4d6573736167"
    "65223a747275657d";
constexpr const char* kAgentConnected =
    "000000746167656e745f73657373696f6e5f73746174652020202020202020202020202000000001000001a207452ad3"
    "000000000000000000000000000000038e06d3d6d957d6444a19b7b5af8f4f055be53e3ef8e4b9739e9ca1c0cf9aeaab"
    "cf5f12b1592a5e8c9036b5ccfaf8afd000000000000000547b22536368656d6156657273696f6e223a312c2253657373"
    "696f6e5374617465223a22436f6e6e6563746564222c2253657373696f6e4964223a2261646d696e2d32303433306334"
    "35353032613034336533227d";
constexpr const char* kAgentFirstOutput =
    "000000746f75747075745f73747265616d5f64617461202020202020202020202020202000000001000001a207452f56"
    "00000000000000000000000000000001a207d18e2e1556f36dc03f8419c74d2ae5b111ba26d5bb1cc89d8a3d74fad4cf"
    "1ebd5701c29877969c322b456d0784a300000001000000022420";
constexpr const char* kAgentOutput =
    "000000746f75747075745f73747265616d5f64617461202020202020202020202020202000000001000001a207452ffe"
    "00000000000000030000000000000000acafcd121d9b37d43a44f988d8474a603a752a67000b3d381828bfe3f0f0462f"
    "fa3da8e31799528b580c0b1f75ded816000000010000001e6563686f20242828362a3729290d0a34320d0a3c70726f6d"
    "707420333e20";
constexpr const char* kAgentAcknowledge =
    "0000007461636b6e6f776c6564676520202020202020202020202020202020202020202000000001000001a207452f92"
    "000000000000000000000000000000038d9de4f78278671296fbef9012f949e2cee82d6fb1c42bdb199dd880071eeb02"
    "3d3db3dba888956ec9a1de6bb671df9700000000000000af7b2241636b6e6f776c65646765644d657373616765547970"
    "65223a22696e7075745f73747265616d5f64617461222c2241636b6e6f776c65646765644d6573736167654964223a22"
    "33623636313935302d353638652d343265362d613464302d356236336634393761313339222c2241636b6e6f776c6564"
    "6765644d65737361676553657175656e63654e756d626572223a302c22497353657175656e7469616c4d657373616765"
    "223a747275657d";
constexpr const char* kAgentTerminating =
    "000000746167656e745f73657373696f6e5f73746174652020202020202020202020202000000001000001a2074536f7"
    "000000000000000000000000000000039ec9b733f6feb6b1644abe6e0b644baa66e11d3c2e1f0b9516f26e2e0c805625"
    "5cd5eb5d6753a200d3b62e235a736d8b00000000000000567b22536368656d6156657273696f6e223a312c2253657373"
    "696f6e5374617465223a225465726d696e6174696e67222c2253657373696f6e4964223a2261646d696e2d3230343330"
    "633435353032613034336533227d";
constexpr const char* kAgentTaskComplete =
    "000000746167656e745f7461736b5f636f6d706c6574652020202020202020202020202000000001000001a2074536fb"
    "00000000000000000000000000000000999fd7f4e019effd4166299250234748f6470edc94670ecf85b91f5c26714a52"
    "5cbf0376db29b180d07feb49cc9c51a600000000000001177b22536368656d6156657273696f6e223a312c225461736b"
    "4964223a2261646d696e2d3230343330633435353032613034336533222c22546f706963223a226167656e745f746173"
    "6b5f636f6d706c657465222c2246696e616c5461736b537461747573223a2253756363657373222c224973526f757469"
    "6e674661696c757265223a66616c73652c224177734163636f756e744964223a22222c22496e7374616e63654964223a"
    "226d692d6537666162316638396666346466636166222c224f7574707574223a22222c2253334275636b6574223a2222"
    "2c22533355726c537566666978223a22222c2243776c47726f7570223a22222c2243776c53747265616d223a22222c22"
    "52657472794e756d626572223a317d";

constexpr const char* kToken = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
constexpr const char* kSession = "admin-20430c45502a043e3";
constexpr const char* kNode = "mi-e7fab1f89ff4dfcaf";

Stamp stamp(const char* id, std::uint64_t created_millis) {
  return {*Uuid::parse(id), created_millis};
}

const Stamp kFirstInput = stamp("3b661950-568e-42e6-a4d0-5b63f497a139", 1795418304351);
const Stamp kFirstOutput = stamp("6dc03f84-19c7-4d2a-a207-d18e2e1556f3", 1795418304342);

TEST(Observed, PluginInput) {
  EXPECT_EQ(to_hex(make_stream_message(kFirstInput, MessageType::kInputStreamData, 0, PayloadType::kSize,
                                       as_bytes(encode_json_text(TerminalSize{200, 24})))),
            kPluginSize);
  // A terminal in its line mode, of which the plugin turns off echo and lines only, makes CR a newline.
  EXPECT_EQ(to_hex(make_stream_message(stamp("c6a89a1b-d82a-4031-965c-351ccf54f8a9", 1795418304462),
                                       MessageType::kInputStreamData, 2, PayloadType::kOutput,
                                       as_bytes("echo $((6*7))\n"))),
            kPluginLine);
  EXPECT_EQ(
      to_hex(make_stream_message(stamp("2a7186bb-1261-49c9-ab5f-525e4c8530f0", 1795418306086),
                                 MessageType::kInputStreamData, 5, PayloadType::kOutput, as_bytes("\x03"))),
      kPluginCtrlC);
}

TEST(Observed, AgentOutput) {
  // The first message has SYN, the others no flag.
  EXPECT_EQ(to_hex(make_stream_message(kFirstOutput, MessageType::kOutputStreamData, 0, PayloadType::kOutput,
                                       as_bytes("$ "))),
            kAgentFirstOutput);
  EXPECT_EQ(to_hex(make_stream_message(stamp("3a44f988-d847-4a60-acaf-cd121d9b37d4", 1795418304510),
                                       MessageType::kOutputStreamData, 3, PayloadType::kOutput,
                                       as_bytes("echo $((6*7))\r\n42\r\n<prompt 3> "))),
            kAgentOutput);
}

TEST(Observed, Acknowledgements) {
  EXPECT_EQ(to_hex(make_acknowledge(stamp("fa6bbdf1-d481-43ef-a07c-60fd610e27c4", 1795418304351),
                                    MessageType::kOutputStreamData, kFirstOutput.message_id, 0)),
            kPluginAcknowledge);
  EXPECT_EQ(to_hex(make_acknowledge(stamp("96fbef90-12f9-49e2-8d9d-e4f782786712", 1795418304402),
                                    MessageType::kInputStreamData, kFirstInput.message_id, 0)),
            kAgentAcknowledge);
}

TEST(Observed, AgentSessionState) {
  EXPECT_EQ(to_hex(make_agent_session_state(stamp("4a19b7b5-af8f-4f05-8e06-d3d6d957d644", 1795418303187),
                                            kSessionConnected, kSession)),
            kAgentConnected);
  EXPECT_EQ(to_hex(make_agent_session_state(stamp("644abe6e-0b64-4baa-9ec9-b733f6feb6b1", 1795418306295),
                                            kSessionTerminating, kSession)),
            kAgentTerminating);
}

TEST(Observed, AgentTaskComplete) {
  AgentTaskComplete body;
  body.task_id = kSession;
  body.final_task_status = kTaskSuccess;
  body.instance_id = kNode;
  EXPECT_EQ(
      to_hex(make_agent_task_complete(stamp("41662992-5023-4748-999f-d7f4e019effd", 1795418306299), body)),
      kAgentTaskComplete);
}

TEST(Observed, AllParse) {
  for (const char* hex :
       {kPluginSize, kPluginLine, kPluginCtrlC, kPluginAcknowledge, kAgentConnected, kAgentFirstOutput,
        kAgentOutput, kAgentAcknowledge, kAgentTerminating, kAgentTaskComplete}) {
    const auto bytes = *from_hex(hex);
    const auto message = parse(bytes);
    ASSERT_TRUE(message) << hex << ": " << to_string(message.error());
    EXPECT_NE(message->header.type, MessageType::kUnknown) << hex;
    EXPECT_TRUE(digest_matches(*message)) << hex;
    EXPECT_EQ(to_hex(serialize(message->header, message->payload)), hex);
  }
}

TEST(Observed, OpenControlChannel) {
  const auto text = std::string(R"({"Cookie":null,"MessageSchemaVersion":"1.0",)"
                                R"("RequestId":"05caf249-5b53-4088-b9d9-64cc99e3c7e6","TokenValue":")") +
                    kToken + R"(","AgentVersion":"3.3.987.0","PlatformType":"linux"})";
  const auto opened = decode_json_text<OpenControlChannel>(text);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->token_value.reveal(), kToken);
  EXPECT_EQ(opened->agent_version, "3.3.987.0");
  EXPECT_EQ(opened->platform_type, "linux");
  EXPECT_FALSE(opened->sessions);
  EXPECT_EQ(encode_json_text(*opened), text);
}

TEST(Observed, OpenDataChannel) {
  const auto from_agent =
      std::string(R"({"MessageSchemaVersion":"1.0","RequestId":"ae37467e-47d9-4fd0-ab9b-cba65d510ffc",)"
                  R"("TokenValue":")") +
      kToken + R"(","ClientInstanceId":"mi-e7fab1f89ff4dfcaf","ClientId":""})";
  const auto agent = decode_json_text<OpenDataChannel>(from_agent);
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->token_value.reveal(), kToken);
  EXPECT_EQ(agent->client_instance_id, kNode);
  EXPECT_EQ(agent->client_id, "");
  EXPECT_FALSE(agent->client_version);
  EXPECT_EQ(encode_json_text(*agent), from_agent);

  const auto from_plugin =
      std::string(R"({"MessageSchemaVersion":"1.0","RequestId":"6e58c858-6a54-409c-99bd-97a700074da6",)"
                  R"("TokenValue":")") +
      kToken + R"(","ClientId":"996a4a6a-fdf6-4ee4-bfbd-89b55664c479","ClientVersion":"1.2.677.0"})";
  const auto plugin = decode_json_text<OpenDataChannel>(from_plugin);
  ASSERT_TRUE(plugin);
  EXPECT_EQ(plugin->client_id, "996a4a6a-fdf6-4ee4-bfbd-89b55664c479");
  EXPECT_EQ(plugin->client_version, "1.2.677.0");
  EXPECT_FALSE(plugin->client_instance_id);
  EXPECT_EQ(encode_json_text(*plugin), from_plugin);
}

}  // namespace
}  // namespace postern::wire

#include "gateway/frames.h"

#include <gtest/gtest.h>

#include "wire/control_payloads.h"
#include "wire/messages.h"

namespace postern::gateway {
namespace {

const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);

std::string_view payload_of(const Bytes& message) {
  return as_text(ByteView(message).subspan(wire::kHeaderBytes));
}

TEST(Frames, ReadTheNumberThatAnAcknowledgementNames) {
  const auto message = wire::make_acknowledge(wire::Stamp::fresh(kNow), wire::MessageType::kOutputStreamData,
                                              Uuid::random(), 1234567);
  EXPECT_EQ(acknowledged_number(as_bytes(payload_of(message))), 1234567);
  for (const auto* text :
       {"", "{}", R"({"AcknowledgedMessageSequenceNumber":})", R"({"AcknowledgedMessageSequenceNumber":"7"})",
        R"({"AcknowledgedMessageSequenceNumber":99999999999999999999})"}) {
    EXPECT_FALSE(acknowledged_number(as_bytes(text))) << text;
  }
}

TEST(Frames, KnowTheEndOfAShell) {
  EXPECT_EQ(
      terminating_reason(as_bytes(R"({"SchemaVersion":1,"SessionState":"Terminating","SessionId":"a"})")),
      "");
  EXPECT_EQ(terminating_reason(as_bytes(
                R"({"SchemaVersion":1,"SessionState":"Terminating","SessionId":"a","Output":"why"})")),
            "why");
  EXPECT_FALSE(
      terminating_reason(as_bytes(R"({"SchemaVersion":1,"SessionState":"Connected","SessionId":"a"})")));
  EXPECT_FALSE(terminating_reason(as_bytes("Terminating")));
}

TEST(Frames, Trap59_ChannelClosedHasTheTypesThatAgentsInsistOn) {
  const auto message = make_channel_closed("alice-1", "mi-1", "bye", kNow);
  const auto body = parse_json(payload_of(message));
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->at("SchemaVersion").is_int64());
  EXPECT_TRUE(body->at("CreatedDate").is_string());
  EXPECT_EQ(body->at("Output"), "bye");
}

TEST(Frames, ControlPlaneTrap18_CreatedDateIsInMillisecondsAndNeverZero) {
  for (const auto& message : {make_channel_closed("a", "b", "", kNow), make_pause_publication("a", kNow),
                              make_start_publication("a", kNow), make_control_channel_ready(kNow)}) {
    EXPECT_EQ(wire::parse(message)->header.stamp.created_millis, 1'795'000'000'000U);
  }
  EXPECT_EQ(wire::parse(make_pause_publication("a", from_unix_micros(0)))->header.stamp.created_millis, 1U);
}

// JSON inside a JSON string, and no parameters left to put in.
TEST(Frames, ControlPlaneTrap20And21_AStartMessageCarriesTheResolvedDocument) {
  wire::SessionDocument resolved;
  resolved.description = "a \"port\"";
  resolved.session_type = wire::kPort;
  resolved.inputs = {{"runAsEnabled", false}, {"kmsKeyId", ""}};
  resolved.parameters = {{"portNumber", "never sent"}};
  resolved.properties = {{"portNumber", "22"}};
  const auto message = make_interactive_shell({.session_id = "alice-1",
                                               .document_name = "AWS-StartSSHSession",
                                               .document = resolved,
                                               .run_as_user = "ops",
                                               .session_owner_arn = "arn:aws:iam::1:user/alice",
                                               .data_channel_token = "t"},
                                              kNow);
  const auto outer = decode_json_text<wire::InteractiveShell>(payload_of(message));
  ASSERT_TRUE(outer);
  const auto content = parse_json(outer->content);
  ASSERT_TRUE(content);
  const auto& document = content->at("DocumentContent");
  EXPECT_EQ(document.at("schemaVersion"), "1.0");
  EXPECT_EQ(document.at("sessionType"), "Port");
  EXPECT_EQ(document.at("description"), "a \"port\"");
  EXPECT_EQ(document.at("inputs"), resolved.inputs);
  EXPECT_EQ(document.at("properties"), resolved.properties);
  EXPECT_EQ(document.at("parameters"), boost::json::object{});
  EXPECT_EQ(content->at("Parameters"), boost::json::object{});
  EXPECT_EQ(content->at("DocumentName"), "AWS-StartSSHSession");
  EXPECT_EQ(content->at("RunAsUser"), "ops");
  EXPECT_EQ(content->at("SessionOwner"), "arn:aws:iam::1:user/alice");
}

TEST(Frames, ControlPlaneTrap23_SessionsOfEveryTypeBeginWithTheSameMessage) {
  for (const auto* type :
       {wire::kStandardStream, wire::kInteractiveCommands, wire::kNonInteractiveCommands, wire::kPort}) {
    wire::SessionDocument document;
    document.session_type = type;
    const auto message =
        make_interactive_shell({.session_id = "alice-1", .document_name = "D", .document = document}, kNow);
    EXPECT_EQ(wire::peek(message)->type, wire::MessageType::kInteractiveShell) << type;
    const auto outer = decode_json_text<wire::InteractiveShell>(payload_of(message));
    ASSERT_TRUE(outer) << type;
    EXPECT_EQ(parse_json(outer->content)->at("DocumentContent").at("sessionType"), type);
  }
}

}  // namespace
}  // namespace postern::gateway

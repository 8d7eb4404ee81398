#pragma once

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json_codec.h"
#include "base/secret.h"

/// The JSON bodies of the control channel as described structs (control-plane.md 4.2, 4.6, 4.7).
namespace postern::wire {

/// First frame of a control channel, text.
struct OpenControlChannel {
  boost::json::value cookie;
  std::string message_schema_version = "1.0";
  std::string request_id;
  Secret token_value;
  std::optional<std::string> agent_version;
  /// `linux`, `windows`, `macos`.
  std::optional<std::string> platform_type;
  std::optional<bool> require_acknowledgement;
  /// Postern's addition: ids of all sessions that the agent still holds. The service ends what is missing
  /// here.
  std::optional<std::vector<std::string>> sessions;
};
BOOST_DESCRIBE_STRUCT(OpenControlChannel, (),
                      (cookie, message_schema_version, request_id, token_value, agent_version, platform_type,
                       require_acknowledgement, sessions))

/// `interactive_shell`, which starts a session of any type. Content is a SessionStart as JSON text.
struct InteractiveShell {
  std::string content;
  std::optional<std::string> task_id;
  std::optional<std::string> topic;
  std::optional<int> schema_version;
};
BOOST_DESCRIBE_STRUCT(InteractiveShell, (), (content, task_id, topic, schema_version))

/// The session document as it is sent to a node. `inputs`, `parameters` and `properties` depend on the
/// document; official agents discard a start message whose known inputs have the wrong JSON type.
struct SessionDocument {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string schema_version = "1.0";
  std::optional<std::string> description;
  /// kStandardStream and its like.
  std::string session_type;
  boost::json::value inputs;
  boost::json::value parameters;
  boost::json::value properties;
};
BOOST_DESCRIBE_STRUCT(SessionDocument, (),
                      (schema_version, description, session_type, inputs, parameters, properties))

inline constexpr const char* kStandardStream = "Standard_Stream";
inline constexpr const char* kInteractiveCommands = "InteractiveCommands";
inline constexpr const char* kNonInteractiveCommands = "NonInteractiveCommands";
inline constexpr const char* kPort = "Port";

/// What InteractiveShell::content holds.
struct SessionStart {
  std::string session_id;
  std::optional<std::string> document_name;
  SessionDocument document_content;
  /// Name to scalar.
  boost::json::value parameters;
  std::optional<std::string> run_as_user;
  std::optional<std::string> session_owner;
  /// Postern's addition, which official agents ignore: the token of the agent's first data channel, so that
  /// it need not ask CreateDataChannel.
  std::optional<Secret> data_channel_token;
};
BOOST_DESCRIBE_STRUCT(SessionStart, (),
                      (session_id, document_name, document_content, parameters, run_as_user, session_owner,
                       data_channel_token))

/// `agent_task_complete`: a session has ended on the node.
struct AgentTaskComplete {
  int schema_version = 1;
  /// The session id.
  std::string task_id;
  std::optional<std::string> topic = "agent_task_complete";
  /// kTaskSuccess or kTaskFailed from us; official agents know more.
  std::string final_task_status;
  std::optional<bool> is_routing_failure = false;
  std::optional<std::string> aws_account_id = "";
  std::optional<std::string> instance_id;
  /// The reason for the person, when it failed.
  std::optional<std::string> output = "";
  std::optional<std::string> s3_bucket = "";
  std::optional<std::string> s3_url_suffix = "";
  std::optional<std::string> cwl_group = "";
  std::optional<std::string> cwl_stream = "";
  /// 1, 2, 3 for the successive transmissions.
  std::optional<int> retry_number = 1;
};
BOOST_DESCRIBE_STRUCT(AgentTaskComplete, (),
                      (schema_version, task_id, topic, final_task_status, is_routing_failure, aws_account_id,
                       instance_id, output, s3_bucket, s3_url_suffix, cwl_group, cwl_stream, retry_number))
inline constexpr const char* kTaskSuccess = "Success";
inline constexpr const char* kTaskFailed = "Failed";

/// `agent_task_acknowledge`: only MessageId, that of the acknowledged message, is compared.
struct AgentTaskAcknowledge {
  std::optional<int> schema_version = 1;
  std::string message_id;
  std::optional<std::string> task_id;
  std::optional<std::string> topic = "agent_task_complete";
};
BOOST_DESCRIBE_STRUCT(AgentTaskAcknowledge, (), (schema_version, message_id, task_id, topic))

}  // namespace postern::wire

#pragma once

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_codec.h"

/// The JSON bodies of the handshake (data-channel.md section 5). Unknown members are ignored by every peer,
/// which is where extensions go; an unknown action type, in contrast, ends the session.
namespace postern::wire {

inline constexpr const char* kActionSessionType = "SessionType";
inline constexpr const char* kActionKmsEncryption = "KMSEncryption";

enum class ActionStatus : int { kSuccess = 1, kFailed = 2, kUnsupported = 3 };

struct RequestedClientAction {
  std::string action_type;
  /// SessionTypeParameters or KmsEncryptionParameters.
  boost::json::value action_parameters;
};
BOOST_DESCRIBE_STRUCT(RequestedClientAction, (), (action_type, action_parameters))

struct SessionTypeParameters {
  std::string session_type;
  /// The document's properties for Port, values all strings; null otherwise.
  boost::json::value properties;
};
BOOST_DESCRIBE_STRUCT(SessionTypeParameters, (), (session_type, properties))

struct KmsEncryptionParameters {
  std::string kms_key_id;
  /// Base64 of 16 random bytes; agents before 3.3.808 send none.
  std::optional<std::string> challenge;
};
BOOST_DESCRIBE_STRUCT(KmsEncryptionParameters, (), (kms_key_id, challenge))

/// Payload type HandshakeRequest, agent to client. AgentVersion needs four numeric components.
struct HandshakeRequest {
  std::string agent_version;
  std::vector<RequestedClientAction> requested_client_actions;
  /// Postern's addition: what the agent offers (wire/extensions.h).
  std::optional<std::vector<std::string>> extensions;
};
BOOST_DESCRIBE_STRUCT(HandshakeRequest, (), (agent_version, requested_client_actions, extensions))

struct ProcessedClientAction {
  std::string action_type;
  /// An ActionStatus; official clients answer 0 to an action they don't know.
  int action_status = 0;
  boost::json::value action_result;
  std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(ProcessedClientAction, (), (action_type, action_status, action_result, error))

/// Payload type HandshakeResponse, client to agent.
struct HandshakeResponse {
  std::string client_version;
  std::vector<ProcessedClientAction> processed_client_actions;
  /// Null, or a list of texts.
  boost::json::value errors;
  /// Postern's addition: what the client accepts of that.
  std::optional<std::vector<std::string>> extensions;
};
BOOST_DESCRIBE_STRUCT(HandshakeResponse, (), (client_version, processed_client_actions, errors, extensions))

/// Payload type HandshakeComplete, agent to client.
struct HandshakeComplete {
  /// Nanoseconds since the request.
  std::int64_t handshake_time_to_complete = 0;
  /// For the person; may be empty.
  std::optional<std::string> customer_message;
};
BOOST_DESCRIBE_STRUCT(HandshakeComplete, (), (handshake_time_to_complete, customer_message))

}  // namespace postern::wire

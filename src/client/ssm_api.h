#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_codec.h"
#include "base/secret.h"

/// The operations of the ssm API that the client calls, with the members that it uses
/// (control-plane.md 6.2, 6.3).
namespace postern::client {

using SessionParameters = std::map<std::string, std::vector<std::string>>;

struct StartSessionRequest {
  std::string target;
  std::optional<std::string> document_name;
  std::optional<std::string> reason;
  std::optional<SessionParameters> parameters;
};
BOOST_DESCRIBE_STRUCT(StartSessionRequest, (), (target, document_name, reason, parameters))

/// What StartSession and ResumeSession answer; ResumeSession without a token means that the session is over.
struct SessionGrant {
  std::optional<std::string> session_id;
  std::optional<Secret> token_value;
  std::optional<std::string> stream_url;
};
BOOST_DESCRIBE_STRUCT(SessionGrant, (), (session_id, token_value, stream_url))

/// ResumeSession and TerminateSession.
struct SessionReference {
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(SessionReference, (), (session_id))

struct ConnectionStatusRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(ConnectionStatusRequest, (), (target))

struct ConnectionStatus {
  /// The node's id, where the service knew the target.
  std::string target;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(ConnectionStatus, (), (target, status))

struct DescribeNodesRequest {
  int max_results = 50;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNodesRequest, (), (max_results, next_token))

struct NodeSummary {
  std::string instance_id;
  std::optional<std::string> ping_status;
  std::optional<Timestamp> last_ping_date_time;
  std::optional<std::string> agent_version;
  std::optional<std::string> platform_name;
  std::optional<std::string> platform_version;
  std::optional<std::string> name;
  std::optional<std::string> ip_address;
  std::optional<std::string> computer_name;
};
BOOST_DESCRIBE_STRUCT(NodeSummary, (),
                      (instance_id, ping_status, last_ping_date_time, agent_version, platform_name,
                       platform_version, name, ip_address, computer_name))

struct DescribeSessionsRequest {
  std::string state;
  int max_results = 200;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSessionsRequest, (), (state, max_results, next_token))

struct SessionSummary {
  std::string session_id;
  std::optional<std::string> target;
  std::optional<std::string> status;
  std::optional<Timestamp> start_date;
  std::optional<Timestamp> end_date;
  std::optional<std::string> owner;
  std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(SessionSummary, (), (session_id, target, status, start_date, end_date, owner, reason))

}  // namespace postern::client

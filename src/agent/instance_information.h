#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_codec.h"

namespace postern::agent {

/// UpdateInstanceInformation (control-plane.md 3.3). The reduced form has the first four members.
struct UpdateInstanceInformationRequest {
  std::string agent_name = "amazon-ssm-agent";
  std::string agent_version;
  std::string instance_id;
  std::string platform_type = "Linux";
  std::optional<std::string> agent_status;
  std::optional<std::string> computer_name;
  std::optional<std::string> ip_address;
  std::optional<std::string> platform_name;
  std::optional<std::string> platform_version;
  std::optional<std::string> ssm_connection_channel;
};
BOOST_DESCRIBE_STRUCT(UpdateInstanceInformationRequest, (),
                      (agent_name, agent_version, instance_id, platform_type, agent_status, computer_name,
                       ip_address, platform_name, platform_version, ssm_connection_channel))

UpdateInstanceInformationRequest reduced_information(const std::string& node_id);
/// Reads host name, addresses and /etc/os-release; what can't be found is left out.
UpdateInstanceInformationRequest full_information(const std::string& node_id);

/// NAME and VERSION_ID of an os-release(5) text.
struct Platform {
  std::string name;
  std::string version;
};
Platform parse_os_release(std::string_view text);

}  // namespace postern::agent

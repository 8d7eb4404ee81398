#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>

#include "agent/service.h"
#include "agent/state.h"

namespace postern::agent {

/// RegisterManagedInstance (control-plane.md 2.2), anonymous.
struct RegisterManagedInstanceRequest {
  Secret activation_code;
  std::string activation_id;
  std::string fingerprint;
  std::string public_key;
  std::string public_key_type = "Rsa";
  /// Postern's addition, ignored by others: what people call the node.
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(RegisterManagedInstanceRequest, (),
                      (activation_code, activation_id, fingerprint, public_key, public_key_type, name))

struct RegisterManagedInstanceResponse {
  std::string instance_id;
};
BOOST_DESCRIBE_STRUCT(RegisterManagedInstanceResponse, (), (instance_id))

/// What `postern-agent register` was told.
struct RegistrationOptions {
  std::string endpoint;
  std::string region;
  std::string activation_id;
  Secret activation_code;
  std::optional<std::string> name;
};

/// Makes a key, registers it, and gives what the node must remember. Throws what the calls throw; the node is
/// registered once this returns.
net::awaitable<NodeState> register_node(Service service, RegistrationOptions options);

/// The node's one-hour credentials, asked for with its key (control-plane.md 2.3), over an open connection.
net::awaitable<RoleToken> request_role_token(net::HttpClient& client, Service service, const NodeState& node,
                                             const aws::NodeKey& key);

/// What a person can do about a failed registration; the failure's own text where nothing better is known.
std::string explain_registration_failure(const std::exception_ptr& failure, const std::string& endpoint);

}  // namespace postern::agent

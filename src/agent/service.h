#pragma once

#include <boost/describe.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/node_key.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/json_codec.h"
#include "net/http_client.h"

/// The agent's calls to its service: JSON 1.1 for `ssm`, REST and WebSocket upgrades for `ssmmessages`
/// (control-plane.md 3.2 and section 4).
namespace postern::agent {

/// Four numeric components above every feature gate of official clients (data-channel.md 13.1).
inline constexpr const char* kAgentVersion = "3.3.9999.0";

/// Where the service is and how it is trusted. `tls` and `clock` outlive all calls.
struct Service {
  net::Url endpoint;
  std::string region;
  const net::TlsClientContext* tls;
  const Clock* clock;
};

/// Temporary credentials as RequestManagedInstanceRoleToken gives them.
struct RoleToken {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  Timestamp token_expiration_date;

  aws::Credentials credentials() const { return {access_key_id, secret_access_key, session_token}; }
};
BOOST_DESCRIBE_STRUCT(RoleToken, (), (access_key_id, secret_access_key, session_token, token_expiration_date))

/// The service answered, but not with success.
class ServiceError : public std::exception {
 public:
  ServiceError(unsigned status, std::string code, std::string message);
  unsigned status() const { return status_; }
  /// AWS's name for it, or empty.
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  unsigned status_;
  std::string code_;
  std::string message_;
  std::string what_;
};

/// The error in a JSON 1.1 response: `{"__type":"prefix#Code","message":"..."}`.
ServiceError json_error(unsigned status, std::string_view body);

/// Adds the headers of an authorization to a request that is otherwise complete, Host included.
using Sign = std::function<aws::HeaderList(const aws::SignableRequest&)>;
Sign sign_anonymously();
Sign sign_with(const Service& service, const aws::Credentials& credentials, std::string_view signing_name);
/// RSA-PSS with the node's own key (control-plane.md 2.3).
Sign sign_with_key(const Service& service, std::string_view node_id, const aws::NodeKey& key);

net::awaitable<std::unique_ptr<net::HttpClient>> connect(Service service);

/// Calls AmazonSSM.<operation>; gives the response's body. Throws ServiceError, or system_error.
net::awaitable<std::string> call_ssm(net::HttpClient& client, std::string operation, std::string body,
                                     Sign sign);

/// CreateControlChannel or CreateDataChannel at `path`; gives the token. Throws ServiceError, or
/// system_error.
net::awaitable<Secret> create_channel(net::HttpClient& client, std::string path, std::string body, Sign sign);

/// Upgrades the connection to the channel at `target`. Throws ServiceError, or system_error.
net::awaitable<std::unique_ptr<net::WebSocket>> open_channel(net::HttpClient& client, std::string target,
                                                             Sign sign);

/// Bodies of the two REST calls.
std::string create_control_channel_body();
std::string create_data_channel_body();

/// The text of any failure of a call, for a log line or a person.
std::string failure_text(const std::exception_ptr& failure);

}  // namespace postern::agent

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/error.h"
#include "net/http.h"

namespace postern::api {

enum class Protocol {
  /// POST / with X-Amz-Target: ssm, ec2messages.
  kJson,
  /// POST / with a form and Action: sts, iam.
  kQuery,
  /// A path of its own, XML answers: ssmmessages.
  kRestXml,
};

/// What a request is for, before anything of it is believed.
struct Route {
  Protocol protocol = Protocol::kJson;
  /// The SigV4 service name: ssm, sts, iam, ssmmessages, ec2messages.
  std::string service;
  /// `StartSession`
  std::string operation;
  /// The id in the path of a REST request.
  std::string resource_id;
};

/// Reads target header, action or path; nothing when the request is for none of our services.
std::optional<Route> identify(const net::Request& request);

/// The error in the protocol's shape, with the request id where that protocol carries it.
net::Response error_response(Protocol protocol, const aws::ApiError& error, std::string_view service,
                             const std::string& request_id);

/// A successful answer.
net::Response json_response(std::string body, const std::string& request_id);
net::Response xml_response(unsigned status, std::string body, const std::string& request_id);

}  // namespace postern::api

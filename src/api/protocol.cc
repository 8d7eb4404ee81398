#include "api/protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "aws/codec.h"

namespace postern::api {
namespace {

constexpr std::string_view kJsonContentType = "application/x-amz-json-1.1";

// Target prefix and SigV4 service name of the JSON services (control-plane.md 3.2, 3.4).
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTargets = {{
    {"AmazonSSM.", "ssm"},
    {"AWSOrganizationsV20161128.", "organizations"},
    {"EC2WindowsMessageDeliveryService.", "ec2messages"},
}};

// Version and SigV4 service name of the Query services, and the namespace of their answers.
struct QueryService {
  std::string_view version;
  std::string_view service;
  std::string_view xmlns;
};
constexpr std::array<QueryService, 2> kQueryServices = {{
    {"2011-06-15", "sts", "https://sts.amazonaws.com/doc/2011-06-15/"},
    {"2010-05-08", "iam", "https://iam.amazonaws.com/doc/2010-05-08/"},
}};

std::optional<Route> identify_path(const net::Request& request) {
  constexpr std::string_view kControl = "/v1/control-channel/";
  constexpr std::string_view kData = "/v1/data-channel/";
  const auto path = request.path();
  const bool post = request.method == "POST";
  if (path.starts_with(kControl)) {
    return Route{Protocol::kRestXml, "ssmmessages", post ? "CreateControlChannel" : "OpenControlChannel",
                 std::string(path.substr(kControl.size()))};
  }
  if (path.starts_with(kData)) {
    return Route{Protocol::kRestXml, "ssmmessages", post ? "CreateDataChannel" : "OpenDataChannel",
                 std::string(path.substr(kData.size()))};
  }
  return std::nullopt;
}

std::optional<Route> identify_query(std::string_view form_text) {
  const auto form = aws::parse_form(form_text);
  if (!form) return std::nullopt;
  const auto action = form->find("Action");
  const auto version = form->find("Version");
  if (action == form->end() || version == form->end()) return std::nullopt;
  const auto* found = std::ranges::find(kQueryServices, version->second, &QueryService::version);
  if (found == kQueryServices.end()) return std::nullopt;
  return Route{Protocol::kQuery, std::string(found->service), action->second, {}};
}

std::string namespace_of(std::string_view service) {
  const auto* found = std::ranges::find(kQueryServices, service, &QueryService::service);
  return found == kQueryServices.end() ? std::string() : std::string(found->xmlns);
}

net::Response response(unsigned status, std::string_view content_type, std::string body,
                       const std::string& request_id) {
  net::Response out;
  out.status = status;
  out.headers.add("Content-Type", std::string(content_type));
  out.headers.add("x-amzn-RequestId", request_id);
  out.body = std::move(body);
  return out;
}

}  // namespace

std::optional<Route> identify(const net::Request& request) {
  if (auto route = identify_path(request)) return route;
  if (request.path() != "/") return std::nullopt;
  if (const auto target = request.headers.find("X-Amz-Target")) {
    for (const auto& [prefix, service] : kTargets) {
      if (target->starts_with(prefix)) {
        return Route{Protocol::kJson, std::string(service), std::string(target->substr(prefix.size())), {}};
      }
    }
    return std::nullopt;
  }
  return identify_query(request.method == "GET" ? request.query() : std::string_view(request.body));
}

net::Response json_response(std::string body, const std::string& request_id) {
  return response(200, kJsonContentType, std::move(body), request_id);
}

net::Response xml_response(unsigned status, std::string body, const std::string& request_id) {
  return response(status, "text/xml", std::move(body), request_id);
}

net::Response error_response(Protocol protocol, const aws::ApiError& error, std::string_view service,
                             const std::string& request_id) {
  switch (protocol) {
    case Protocol::kQuery:
      return xml_response(aws::as_query_error(error).status,
                          aws::query_error_body(error, namespace_of(service), request_id), request_id);
    case Protocol::kRestXml:
      // A denial is 403 in REST, as agents expect of the message gateway (control-plane.md 4.1).
      return xml_response(error.code == aws::kAccessDenied.code ? 403 : error.status,
                          aws::rest_xml_error_body(error), request_id);
    case Protocol::kJson:
      break;
  }
  return response(error.status, kJsonContentType, aws::json_error_body(error), request_id);
}

}  // namespace postern::api

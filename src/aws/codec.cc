#include "aws/codec.h"

#include <algorithm>
#include <array>

namespace postern::aws {
namespace {

struct Renamed {
  std::string_view json;
  std::string_view query;
  unsigned status;
};

// Common errors of the STS and IAM API references.
constexpr auto kRenamed = std::to_array<Renamed>({
    {"AccessDeniedException", "AccessDenied", 403},
    {"ExpiredTokenException", "ExpiredToken", 403},
    {"ExpiredWebIdentityToken", "ExpiredTokenException", 400},
    {"IncompleteSignatureException", "IncompleteSignature", 400},
    {"InternalServerError", "InternalFailure", 500},
    {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
    {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
    {"SerializationException", "MalformedInput", 400},
    {"ThrottlingException", "Throttling", 400},
    {"UnknownOperationException", "InvalidAction", 400},
    {"UnrecognizedClientException", "InvalidClientTokenId", 403},
    {"ValidationException", "ValidationError", 400},
});

// An error code as an element's name; ours always are, so this only keeps a mistake from breaking the
// document.
std::string element_name(std::string_view code) {
  const bool plain = !code.empty() && std::ranges::all_of(code, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
  return plain ? std::string(code) : "Error";
}

}  // namespace

std::string json_error_body(const ApiError& error) {
  return boost::json::serialize(boost::json::object{{"__type", error.code}, {"message", error.message}});
}

ApiError as_query_error(ApiError error) {
  const auto* found = std::ranges::find(kRenamed, error.code, &Renamed::json);
  if (found != kRenamed.end()) {
    error.code = found->query;
    error.status = found->status;
  }
  return error;
}

std::string query_error_body(const ApiError& error, std::string_view xmlns, std::string_view request_id) {
  const auto named = as_query_error(error);
  return fmt::format("<ErrorResponse xmlns=\"{}\"><Error>{}{}{}</Error>{}</ErrorResponse>", escape_xml(xmlns),
                     xml_element("Type", named.status < 500 ? "Sender" : "Receiver"),
                     xml_element("Code", named.code), xml_element("Message", named.message),
                     xml_element("RequestId", request_id));
}

std::string ec2_error_body(const ApiError& error, std::string_view request_id) {
  const auto named = as_query_error(error);
  return fmt::format("<Response><Errors><Error>{}{}</Error></Errors>{}</Response>",
                     xml_element("Code", named.code), xml_element("Message", named.message),
                     xml_element("RequestID", request_id));
}

std::string rest_xml_error_body(const ApiError& error) {
  const auto name = element_name(error.code);
  return "<" + name + ">" + xml_element("Message", error.message) + "</" + name + ">";
}

}  // namespace postern::aws

#pragma once

#include <string>
#include <string_view>

#include "aws/error.h"
#include "aws/form.h"
#include "aws/query_codec.h"
#include "aws/xml.h"
#include "base/json_codec.h"

/// The codecs of AWS's protocols. JSON 1.1 uses base/json_codec.h as it is, the Query and EC2 protocols
/// query_codec.h; here are the bodies of errors.
namespace postern::aws {

/// JSON 1.1: {"__type":"Code","message":"..."}.
std::string json_error_body(const ApiError& error);

/// The error as the Query services name it: they say AccessDenied where JSON services say
/// AccessDeniedException, and some statuses differ. Codes without a counterpart stay as they are.
ApiError as_query_error(ApiError error);

/// The body of as_query_error(error); answer it with that error's status.
std::string query_error_body(const ApiError& error, std::string_view xmlns, std::string_view request_id);

/// EC2 shares the names of the Query services.
std::string ec2_error_body(const ApiError& error, std::string_view request_id);

/// ssmmessages: <Code><Message>...</Message></Code>, which the official agent reads as text
/// (control-plane.md 3.4, 4.1).
std::string rest_xml_error_body(const ApiError& error);

}  // namespace postern::aws

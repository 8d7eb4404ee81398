#pragma once

#include <expected>
#include <string>
#include <vector>

#include "client/ssm_api.h"

namespace postern::client {

/// The values of --parameters, one by one: `NAME=VALUE`, where a repeated name makes a list and everything
/// behind the first `=` is the value; or a JSON object as the AWS CLI takes it, `{"NAME": ["VALUE", ...]}`,
/// where a text may stand for a list of one. Error: what is wrong, and what was expected.
std::expected<SessionParameters, std::string> parse_parameters(const std::vector<std::string>& values);

}  // namespace postern::client

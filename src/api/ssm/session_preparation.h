#pragma once

#include <string>

#include "api/call.h"
#include "aws/documents/resolve.h"

namespace postern::api::ssm {

/// What StartSession needs of a document: its default version with the caller's parameters and the account's
/// preferences put in. `name` is a document's name; `platform` the node's (Windows, Linux, MacOS), empty when
/// unknown. `into` gets document, version, time limits. One read of the store. Errors, each with the reason:
/// InvalidDocument, InvalidParameters, UnsupportedPlatformType.
awaitable<Result<gateway::NewSession>> prepare_session(Call& call, gateway::NewSession into, std::string name,
                                                       aws::SessionParameters parameters,
                                                       std::string platform);

}  // namespace postern::api::ssm

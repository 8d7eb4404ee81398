#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/recorded_access.h"
#include "gateway/gateway.h"

/// The question of StartSession, asked when a session starts and again whenever its answer may have changed.
namespace postern::api::ssm {

/// `ssm:StartSession` on the node, once for each thing that the session does, and on the document
/// (control-plane.md 7.3): on the one that the caller named; where none was named, on
/// SSM-SessionManagerRunShell only if the statement that allows the node demands it with
/// `ssm:SessionDocumentAccessCheck`.
awaitable<auth::Decision> may_start(const Services& services, RecordedAccess access);

/// The RunAs user that the caller's tag `SSMSessionRunAs` names (a session's tag before the user's or
/// role's); empty where there is none.
awaitable<std::string> run_as_user(const Services& services, auth::Principal principal);

}  // namespace postern::api::ssm

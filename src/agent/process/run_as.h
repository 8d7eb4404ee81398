#pragma once

#include <expected>
#include <optional>
#include <string>

#include "agent/process/identity.h"
#include "agent/process/login.h"
#include "agent/session_document.h"

namespace postern::agent {

/// Whose session it is on this machine.
struct SessionUser {
  LoginUser login;
  /// What its processes take on; nothing: they stay the agent's own user.
  std::optional<Identity> identity;
};

/// The user that the preferences and the caller's own tag (`run_as_user` of the start message) ask for
/// (control-plane.md 5.3). Without run-as, and for elevated commands, that is the agent's user. Error: a text
/// for the person; an account with user or group id 0 is never chosen this way.
std::expected<SessionUser, std::string> session_user(const SessionInputs& inputs,
                                                     const std::optional<std::string>& run_as_user,
                                                     bool elevated);

}  // namespace postern::agent

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "client/session/session.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// Runs a session that StartSession has granted for the plugin, on the standard streams until its end, and
/// calls `ended` while a hangup still can't kill us. Throws when the connection can't even be prepared (CA
/// bundle).
void run_plugin_session(SessionTicket ticket, const Settings& settings, Expect expect,
                        std::function<void(const SessionEnd&)> ended);

/// The last words about a session, as the official plugin says them.
std::string end_text(std::string_view session_id, const SessionEnd& end);

/// Writes to standard output without delay.
void print_now(std::string_view text);

}  // namespace postern::client

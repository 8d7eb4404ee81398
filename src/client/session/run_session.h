#pragma once

#include <string>
#include <string_view>

#include "client/session/session.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// Runs a session that StartSession has granted on the standard streams until its end. Throws when the
/// connection can't even be prepared (CA bundle).
SessionEnd run_session(SessionTicket ticket, const Settings& settings, FrontEnd front_end, Expect expect);

/// The last words about a session, as the official plugin says them.
std::string end_text(std::string_view session_id, const SessionEnd& end);

/// Writes to standard output without delay.
void print_now(std::string_view text);

}  // namespace postern::client

#pragma once

#include <functional>
#include <string>

#include "client/api_client.h"
#include "client/session/session.h"
#include "client/ssm_api.h"

namespace postern::client {

struct StartedSession {
  std::string session_id;
  SessionEnd end;
};

/// A session that a command asks for.
struct SessionPlan {
  StartSessionRequest request;
  Expect expect = Expect::kAnything;
  /// Called with the executor that the session will run on.
  std::function<KindFactory(const boost::asio::any_io_executor&)> kinds;
  /// Called with the session's id once the service has granted it.
  std::function<void(const std::string&)> granted = [](const std::string&) {};
  /// Called with its end, while a hangup still can't kill us.
  std::function<void(const StartedSession&)> ended = [](const StartedSession&) {};
};

/// StartSession and the data channel, over one connection. Throws std::runtime_error when the service grants
/// no session. `settings` must outlive the call.
awaitable<StartedSession> start_and_run(const Settings& settings, SessionPlan plan);

}  // namespace postern::client

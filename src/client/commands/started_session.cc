#include "client/commands/started_session.h"

#include <boost/asio/this_coro.hpp>

#include "client/commands/service_calls.h"
#include "client/session/signals.h"

namespace postern::client {

awaitable<StartedSession> start_and_run(const Settings& settings, SessionPlan plan) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  auto answer = co_await api.ask<SessionGrant>("StartSession", std::move(plan.request));
  auto grant = or_throw(std::move(answer));
  if (!grant.session_id || !grant.token_value || !grant.stream_url)
    throw std::runtime_error("the service's answer to StartSession is incomplete");
  SessionTicket ticket{*grant.session_id, std::move(*grant.token_value), *grant.stream_url};
  StartedSession started{ticket.session_id, {}};
  plan.granted(started.session_id);
  const auto executor = co_await boost::asio::this_coro::executor;
  const HangupGuard guard(executor);
  Session session(executor, std::move(ticket), settings, api, tls, clock, plan.kinds(executor), plan.expect);
  started.end = co_await session.run();
  plan.ended(started);
  co_return started;
}

}  // namespace postern::client

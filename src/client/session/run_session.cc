#include "client/session/run_session.h"

#include <cstdio>

#include "client/run_io.h"
#include "client/session/kinds.h"
#include "client/session/session_text.h"
#include "client/session/signals.h"

namespace postern::client {
namespace {

awaitable<int> session_task(SessionTicket ticket, const Settings& settings, Expect expect,
                            std::function<void(const SessionEnd&)> ended) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  const auto executor = co_await boost::asio::this_coro::executor;
  const HangupGuard guard(executor);
  // The official plugin keeps it to itself (data-channel.md 1.5).
  std::optional<int> exit_code;
  Session session(executor, std::move(ticket), settings, api, tls, clock,
                  standard_kinds(executor, FrontEnd::kPlugin, {}, exit_code), expect);
  const auto end = co_await session.run();
  ended(end);
  co_return 0;
}

}  // namespace

void run_plugin_session(SessionTicket ticket, const Settings& settings, Expect expect,
                        std::function<void(const SessionEnd&)> ended) {
  run_io(session_task(std::move(ticket), settings, expect, std::move(ended)));
}

std::string end_text(std::string_view session_id, const SessionEnd& end) {
  switch (end.kind) {
    case SessionEnd::Kind::kClosed:
      return closed_text(session_id, end.text);
    case SessionEnd::Kind::kTimedOut:
      return timed_out_text(session_id);
    case SessionEnd::Kind::kFailed:
      return failed_text(end.text);
    case SessionEnd::Kind::kDisconnected:
      break;
  }
  return closed_text(session_id, {});
}

void print_now(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace postern::client

#include "client/run_session.h"

#include <cstdio>

#include "client/run_io.h"
#include "client/session_text.h"

namespace postern::client {
namespace {

awaitable<SessionEnd> session_task(SessionTicket ticket, const Settings& settings, FrontEnd front_end) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  ShellSessionOptions options;
  options.front_end = front_end;
  ShellSession session(co_await boost::asio::this_coro::executor, std::move(ticket), settings, api, tls,
                       clock, options);
  auto end = co_await session.run();
  co_return end;
}

}  // namespace

SessionEnd run_session(SessionTicket ticket, const Settings& settings, FrontEnd front_end) {
  return run_io(session_task(std::move(ticket), settings, front_end));
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

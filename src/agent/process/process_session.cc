#include "agent/process/process_session.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kHangUpTime{2};
constexpr std::chrono::seconds kKillTime{2};
constexpr std::chrono::milliseconds kPoll{20};

}  // namespace

ProcessStat parse_process_stat(std::string_view line) {
  // proc(5): pid (comm) state ppid pgrp session ...; comm may hold anything, parentheses too.
  ProcessStat stat;
  const auto close = line.rfind(')');
  if (close == std::string_view::npos || line.size() < close + 3) return stat;
  line.remove_prefix(close + 2);
  stat.zombie = line[0] == 'Z' || line[0] == 'X';
  for (int skipped = 0; skipped < 3; ++skipped) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return stat;
    line.remove_prefix(blank + 1);
  }
  std::from_chars(line.data(), line.data() + line.size(), stat.session);
  return stat;
}

std::vector<pid_t> session_members(pid_t session) {
  std::vector<pid_t> members;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return members;
  while (const auto* entry = ::readdir(proc.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec != std::errc{} || end != name.data() + name.size()) continue;
    const auto path = "/proc/" + std::string(name) + "/stat";
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    std::array<char, 512> line{};
    const auto size = ::read(file, line.data(), line.size());
    ::close(file);
    if (size <= 0) continue;
    const auto stat = parse_process_stat({line.data(), static_cast<std::size_t>(size)});
    if (stat.session == session && !stat.zombie) members.push_back(pid);
  }
  return members;
}

bool signal_session(pid_t session, int signal) {
  const auto members = session_members(session);
  for (const auto pid : members) ::kill(pid, signal);
  return !members.empty();
}

net::awaitable<void> end_process_session(pid_t leader, std::function<bool()> leader_reaped) {
  asio::steady_timer poll(co_await asio::this_coro::executor);
  const auto start = SteadyClock::now();
  // Stopped processes must run to notice.
  signal_session(leader, SIGHUP);
  signal_session(leader, SIGCONT);
  if (!leader_reaped()) ::kill(leader, SIGHUP);
  while (SteadyClock::now() < start + kHangUpTime + kKillTime) {
    if (leader_reaped() && session_members(leader).empty()) co_return;
    if (SteadyClock::now() >= start + kHangUpTime) {
      signal_session(leader, SIGKILL);
      if (!leader_reaped()) ::kill(leader, SIGKILL);
    }
    poll.expires_after(kPoll);
    co_await poll.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  log::warning("processes_left", {{"session_leader", static_cast<std::int64_t>(leader)}});
}

}  // namespace postern::agent

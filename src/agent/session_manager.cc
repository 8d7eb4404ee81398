#include "agent/session_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "agent/process/process_session.h"
#include "agent/session_worker.h"
#include "agent/spawn.h"
#include "base/log.h"
#include "wire/control_payloads.h"

namespace postern::agent {
namespace {

constexpr std::size_t kMaxRecent = 1000;

// Runs this very program as a worker with `link` as its descriptor 3; an errno on failure.
int spawn_worker(const std::vector<std::string>& arguments, int link, pid_t& pid) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, link, kWorkerLinkDescriptor);
  sigset_t set;
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  sigfillset(&set);
  posix_spawnattr_setsigdefault(&attributes, &set);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // The running program itself, even when its file was replaced by an upgrade.
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace

struct SessionManager::Worker {
  std::string session_id;
  pid_t pid = -1;
  std::unique_ptr<Link> link;
  std::optional<std::int64_t> process_session;
  std::optional<Completion> completion;
  /// Over when both the process is reaped and the link is read to its end.
  std::optional<int> exit_status;
  bool link_ended = false;
};

SessionManager::SessionManager(boost::asio::any_io_executor executor, Options options,
                               OnCompleted on_completed)
    : executor_(std::move(executor)), options_(std::move(options)), on_completed_(std::move(on_completed)) {}

SessionManager::~SessionManager() = default;

void SessionManager::start(const std::string& content) {
  const auto start = decode_json_text<wire::SessionStart>(content);
  if (!start) {
    log::warning("start_message_refused", {{"reason", start.error().message()}});
    return;
  }
  const auto& id = start->session_id;
  if (!valid_session_id(id)) {
    log::warning("start_message_refused", {{"reason", "not a session id"}});
    return;
  }
  if (std::ranges::find(recent_, id) != recent_.end()) {
    log::debug("start_message_repeated", {{"session", id}});
    return;
  }
  remember(id);
  if (workers_.size() >= kMaxSessions) {
    on_completed_(id, {wire::kTaskFailed, fmt::format("The node has {} sessions already.", workers_.size())});
    return;
  }
  launch(id, content);
}

void SessionManager::launch(const std::string& session_id, const std::string& content) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    on_completed_(session_id,
                  {wire::kTaskFailed, fmt::format("No session worker: {}", std::strerror(errno))});
    return;
  }
  auto worker = std::make_shared<Worker>();
  worker->session_id = session_id;
  worker->link = std::make_unique<Link>(executor_, ends[0]);
  const int error = spawn_worker(options_.worker_arguments, ends[1], worker->pid);
  ::close(ends[1]);
  if (error != 0) {
    on_completed_(session_id,
                  {wire::kTaskFailed, fmt::format("No session worker: {}", std::strerror(error))});
    return;
  }
  ToWorker message;
  message.job = SessionJob{
      content,     options_.node_id,         options_.endpoint, options_.region, options_.ca_bundle_file,
      role_token_, options_.denied_addresses};
  tell(*worker, message);
  workers_.emplace(session_id, worker);
  log::info("session_started", {{"session", session_id}, {"pid", static_cast<std::int64_t>(worker->pid)}});
  spawn(executor_, "worker_link", read(*this, worker));
}

net::awaitable<void> SessionManager::read(SessionManager& self, std::shared_ptr<Worker> worker) {
  while (const auto line = co_await worker->link->read_line()) {
    auto message = decode_json_text<FromWorker>(*line);
    if (!message) continue;
    if (message->process_session) worker->process_session = *message->process_session;
    if (message->completion) worker->completion = std::move(*message->completion);
  }
  worker->link_ended = true;
  self.finish_if_over(worker);
}

void SessionManager::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    for (const auto& [id, worker] : workers_) {
      if (worker->pid != pid) continue;
      worker->exit_status = status;
      finish_if_over(std::shared_ptr(worker));
      break;
    }
  }
}

void SessionManager::finish_if_over(const std::shared_ptr<Worker>& worker) {
  if (!worker->exit_status || !worker->link_ended) return;
  workers_.erase(worker->session_id);
  // A worker that tells how its session ended has cleaned up; one that was killed has not.
  if (!worker->completion && worker->process_session) {
    signal_session(static_cast<pid_t>(*worker->process_session), SIGKILL);
  }
  const auto completion = worker->completion.value_or(
      Completion{wire::kTaskFailed, "The session worker " + describe_exit(*worker->exit_status)});
  log::info("session_completed",
            {{"session", worker->session_id}, {"status", completion.status}, {"reason", completion.output}});
  on_completed_(worker->session_id, completion);
}

void SessionManager::close(const std::string& session_id) {
  const auto found = workers_.find(session_id);
  if (found == workers_.end()) return;
  ToWorker message;
  message.closed = true;
  tell(*found->second, message);
}

void SessionManager::end_all(const std::string& reason) {
  ToWorker message;
  message.end = reason;
  for (const auto& [id, worker] : workers_) tell(*worker, message);
}

void SessionManager::tell(Worker& worker, const ToWorker& message) {
  worker.link->send(encode_json_text(message));
}

void SessionManager::kill_all() {
  for (const auto& [id, worker] : workers_) {
    if (!worker->exit_status) ::kill(worker->pid, SIGKILL);
  }
}

void SessionManager::set_role_token(RoleToken token) {
  role_token_ = std::move(token);
  ToWorker message;
  message.role_token = role_token_;
  for (const auto& [id, worker] : workers_) tell(*worker, message);
}

std::vector<std::string> SessionManager::session_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, worker] : workers_) ids.push_back(id);
  return ids;
}

void SessionManager::remember(const std::string& session_id) {
  if (recent_.size() == kMaxRecent) recent_.pop_front();
  recent_.push_back(session_id);
}

bool valid_session_id(std::string_view id) {
  constexpr std::string_view kOthers = "+=,.@:_-";
  return !id.empty() && id.size() <= 124 && std::ranges::all_of(id, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

}  // namespace postern::agent

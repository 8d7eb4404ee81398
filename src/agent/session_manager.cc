#include "agent/session_manager.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "agent/process/process_session.h"
#include "agent/spawn.h"
#include "agent/worker_process.h"
#include "agent/worker_socket.h"
#include "base/log.h"
#include "wire/control_payloads.h"

namespace postern::agent {
namespace {

constexpr std::size_t kMaxRecent = 1000;
// A worker answers within milliseconds, except where it has just begun and waits for the system's list of
// users.
constexpr std::chrono::seconds kAdoptionLimit{3};

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace

struct SessionManager::Worker {
  /// Empty while an adopted one has not said it yet, and when it is not wanted.
  std::string session_id;
  /// Adopted, and has not said yet which session it has.
  bool unheard = false;
  std::unique_ptr<Link> link;
  std::optional<WorkerProcess> process;
  std::optional<std::int64_t> process_session;
  std::optional<Completion> completion;
  std::optional<int> exit_status;
  /// Nobody but the process itself has the other end.
  bool link_ended = false;

  /// It has said all, and is reaped where that is ours to do.
  bool over() const { return link_ended && (exit_status || !process || !process->is_child()); }
  std::string end() const { return exit_status ? describe_exit(*exit_status) : "ended without saying why"; }
};

SessionManager::SessionManager(boost::asio::any_io_executor executor, const WorkerStarter& starter,
                               Options options, OnCompleted on_completed)
    : executor_(executor),
      starter_(starter),
      options_(std::move(options)),
      on_completed_(std::move(on_completed)),
      adopted_(executor) {}

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
  auto worker = std::make_shared<Worker>();
  worker->session_id = session_id;
  if (const auto failure = begin(*worker); !failure.empty()) {
    on_completed_(session_id, {wire::kTaskFailed, "No session worker: " + failure});
    return;
  }
  ToWorker message;
  message.job = SessionJob{content,
                           options_.node_id,
                           options_.endpoint,
                           options_.region,
                           role_token_,
                           options_.denied_addresses,
                           options_.keep_sessions.count()};
  tell(*worker, message);
  workers_.emplace(session_id, worker);
  log::info("session_started", {{"session", session_id}});
  spawn(executor_, "worker_link", read(*this, worker));
}

std::string SessionManager::begin(Worker& worker) {
  const auto socket = make_worker_socket(options_.node_id);
  if (!socket) return std::strerror(socket.error());
  const copy::Descriptor listener(socket->descriptor);
  // Before there is anybody who could accept it: this is then the worker's first connection.
  const auto connection = connect_to_worker(socket->name);
  if (!connection) return std::strerror(connection.error());
  worker.link = std::make_unique<Link>(executor_, *connection);
  if (starter_.start(listener.get())) return {};
  starter_lost_ = true;
  return "the process that starts them has gone, and the agent restarts. Try again.";
}

net::awaitable<void> SessionManager::adopt() {
  const auto deadline = std::chrono::steady_clock::now() + kAdoptionLimit;
  std::int64_t strange = 0;
  for (const auto& name : find_worker_sockets(options_.node_id)) {
    if (unheard_ >= kMaxSessions) break;
    const auto connection = connect_to_worker(name);
    if (!connection) {
      ++strange;
      continue;
    }
    auto worker = std::make_shared<Worker>();
    worker->link = std::make_unique<Link>(executor_, *connection);
    worker->unheard = true;
    ++unheard_;
    spawn(executor_, "worker_link", read(*this, worker));
  }
  while (unheard_ > 0 && std::chrono::steady_clock::now() < deadline) co_await adopted_.wait(deadline);
  if (strange > 0) log::warning("worker_sockets_ignored", {{"count", strange}});
}

void SessionManager::greet(const std::shared_ptr<Worker>& worker, const WorkerHello& hello) {
  if (!worker->process) worker->process.emplace(static_cast<pid_t>(hello.pid));
  if (!worker->unheard) return;
  heard(*worker);
  if (!valid_session_id(hello.session_id) || workers_.contains(hello.session_id)) {
    log::warning("worker_not_adopted", {{"session", hello.session_id}});
    ToWorker message;
    message.end = "The session has two workers on the node.";
    return tell(*worker, message);
  }
  worker->session_id = hello.session_id;
  remember(hello.session_id);
  workers_.emplace(hello.session_id, worker);
  log::info("session_adopted", {{"session", hello.session_id}, {"pid", hello.pid}});
  ToWorker message;
  if (!role_token_.access_key_id.empty()) message.role_token = role_token_;
  message.end = end_reason_;
  tell(*worker, message);
}

void SessionManager::heard(Worker& worker) {
  worker.unheard = false;
  --unheard_;
  adopted_.notify();
}

net::awaitable<void> SessionManager::read(SessionManager& self, std::shared_ptr<Worker> worker) {
  while (const auto line = co_await worker->link->read_line()) {
    auto message = decode_json_text<FromWorker>(*line);
    if (!message) continue;
    if (message->hello) self.greet(worker, *message->hello);
    if (message->process_session) worker->process_session = *message->process_session;
    if (message->completion) worker->completion = std::move(*message->completion);
  }
  worker->link_ended = true;
  if (worker->unheard) self.heard(*worker);
  if (!worker->session_id.empty()) self.finish_if_over(worker);
}

void SessionManager::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    for (const auto& [id, worker] : workers_) {
      if (!worker->process || worker->process->pid() != pid) continue;
      worker->exit_status = status;
      finish_if_over(std::shared_ptr(worker));
      break;
    }
  }
}

void SessionManager::finish_if_over(const std::shared_ptr<Worker>& worker) {
  if (!worker->over()) return;
  workers_.erase(worker->session_id);
  // A worker that tells how its session ended has cleaned up; one that was killed has not.
  if (!worker->completion && worker->process_session) {
    signal_session(static_cast<pid_t>(*worker->process_session), SIGKILL);
  }
  const auto completion =
      worker->completion.value_or(Completion{wire::kTaskFailed, "The session worker " + worker->end()});
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
  end_reason_ = reason;
  ToWorker message;
  message.end = reason;
  for (const auto& [id, worker] : workers_) tell(*worker, message);
}

void SessionManager::tell(Worker& worker, const ToWorker& message) {
  worker.link->send(encode_json_text(message));
}

void SessionManager::kill_all() {
  for (const auto& [id, worker] : workers_) {
    if (worker->process) worker->process->kill();
  }
}

void SessionManager::set_role_token(RoleToken token) {
  role_token_ = std::move(token);
  ToWorker message;
  message.role_token = role_token_;
  for (const auto& [id, worker] : workers_) tell(*worker, message);
}

net::awaitable<void> SessionManager::flush() {
  const auto workers = workers_;
  for (const auto& [id, worker] : workers) co_await worker->link->flush();
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

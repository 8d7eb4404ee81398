#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/link.h"
#include "agent/signal.h"
#include "agent/state.h"
#include "agent/worker_starter.h"

namespace postern::agent {

/// The sessions of this node, each a worker process of its own: starts them, takes over those that an agent
/// before this one has left, passes orders on, and learns how they ended.
class SessionManager {
 public:
  struct Options {
    std::string node_id;
    std::string endpoint;
    std::string region;
    /// See AddressRules.
    std::vector<std::string> denied_addresses = {};
    /// How long sessions go on without an agent.
    std::chrono::seconds keep_sessions{0};
  };
  /// Called once for each session that ended, also for those that could not start.
  using OnCompleted = std::function<void(const std::string& session_id, const Completion& completion)>;

  /// `starter` outlives this object.
  SessionManager(boost::asio::any_io_executor executor, const WorkerStarter& starter, Options options,
                 OnCompleted on_completed);
  ~SessionManager();

  /// Takes over the workers that are there. Returns when each has said which session it has, or after three
  /// seconds; later ones are taken over when they say it. Once, before start().
  net::awaitable<void> adopt();
  /// The content of an interactive_shell message. Malformed ones are logged, or failed where they name a
  /// session; a session that was started before is not started again.
  void start(const std::string& content);
  /// The service has ended a session; unknown ids don't matter.
  void close(const std::string& session_id);
  /// Ends all sessions as failed, with a reason for the persons in them.
  void end_all(const std::string& reason);
  /// For new workers and for those that run.
  void set_role_token(RoleToken token);

  /// No session can be started any more: another agent must take these over.
  bool starter_lost() const { return starter_lost_; }

  std::vector<std::string> session_ids() const;
  bool empty() const { return workers_.empty(); }

  /// Returns once the workers' sockets hold all that they were told, so that the process may end.
  net::awaitable<void> flush();
  /// Reaps what has exited. Call on SIGCHLD.
  void reap();
  /// Kills what is left, worker processes without their sessions' knowledge.
  void kill_all();

  static constexpr std::size_t kMaxSessions = 1000;

 private:
  struct Worker;

  void launch(const std::string& session_id, const std::string& content);
  /// Starts a process and connects to it; the reason of a failure, or an empty text.
  std::string begin(Worker& worker);
  void greet(const std::shared_ptr<Worker>& worker, const WorkerHello& hello);
  void heard(Worker& worker);
  static void tell(Worker& worker, const ToWorker& message);
  static net::awaitable<void> read(SessionManager& self, std::shared_ptr<Worker> worker);
  void finish_if_over(const std::shared_ptr<Worker>& worker);
  void remember(const std::string& session_id);

  boost::asio::any_io_executor executor_;
  const WorkerStarter& starter_;
  Options options_;
  OnCompleted on_completed_;
  RoleToken role_token_;
  std::map<std::string, std::shared_ptr<Worker>> workers_;
  /// Sessions started lately, so that a start message that comes twice starts one shell.
  std::deque<std::string> recent_;
  /// Adopted ones that have not said which session they have.
  std::size_t unheard_ = 0;
  Signal adopted_;
  std::optional<std::string> end_reason_;
  bool starter_lost_ = false;
};

/// Whether an id may be part of a path and a log line: letters, digits and `+=,.@:_-`, at most 124.
bool valid_session_id(std::string_view id);

}  // namespace postern::agent

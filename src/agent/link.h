#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/describe.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/service.h"
#include "base/json_codec.h"

/// What the agent and a session worker tell each other, over a UNIX socket as JSON texts, one a line; members
/// that one end does not know are ignored, since the other may be of another version. No session byte passes
/// here: the worker has its own data channel.
namespace postern::agent {

/// The first line of the agent that started the worker: all it needs for its session.
struct SessionJob {
  /// A wire::SessionStart as JSON text, as it came.
  std::string start;
  std::string node_id;
  std::string endpoint;
  std::string region;
  RoleToken role_token;
  /// See AddressRules.
  std::vector<std::string> denied_addresses = {};
  /// How long the session goes on without an agent.
  std::int64_t keep_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(SessionJob, (),
                      (start, node_id, endpoint, region, role_token, denied_addresses, keep_seconds))

/// Any line to a worker.
struct ToWorker {
  std::optional<SessionJob> job;
  /// Fresh credentials for later reconnects.
  std::optional<RoleToken> role_token;
  /// The service has ended the session.
  std::optional<bool> closed;
  /// The session must end as failed, with this reason for the person.
  std::optional<std::string> end;
};
BOOST_DESCRIBE_STRUCT(ToWorker, (), (job, role_token, closed, end))

/// How a session ended.
struct Completion {
  /// kTaskSuccess or kTaskFailed.
  std::string status;
  /// For the person, when it failed.
  std::string output;
};
BOOST_DESCRIBE_STRUCT(Completion, (), (status, output))

/// Which session a worker has.
struct WorkerHello {
  std::string session_id;
  std::int64_t pid = 0;
};
BOOST_DESCRIBE_STRUCT(WorkerHello, (), (session_id, pid))

/// Any line of a worker.
struct FromWorker {
  /// In the first line to each agent.
  std::optional<WorkerHello> hello;
  /// The session's processes belong to the kernel's session of this id: should the worker be killed, the
  /// agent ends them.
  std::optional<std::int64_t> process_session;
  /// The last line.
  std::optional<Completion> completion;
};
BOOST_DESCRIBE_STRUCT(FromWorker, (), (hello, process_session, completion))

/// One end of the connection.
class Link {
 public:
  /// Owns the descriptor.
  Link(boost::asio::any_io_executor executor, int descriptor);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// The next line; nothing once the other end is gone or has sent more than kMaxLineBytes without an end.
  net::awaitable<std::optional<std::string>> read_line();

  /// Queues a line. What can't be written any more is dropped: the reader notices the end.
  void send(std::string line);
  /// Waits, at most a second, until all lines have left.
  net::awaitable<void> flush();

  static constexpr std::size_t kMaxLineBytes = 1024 * 1024;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::agent

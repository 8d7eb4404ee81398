#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "agent/link.h"

namespace postern::agent {

/// A worker's end of what it and its agent tell each other. Agents may go and others come: what is sent goes
/// to the last one that came, and is lost while there is none. Only processes of the user that this one had
/// when the object was made are taken for agents. One executor; it must outlive its io_context's work.
class AgentConnection {
 public:
  /// Owns `listener`, a listening non-blocking UNIX socket; see WorkerSocket.
  AgentConnection(boost::asio::any_io_executor executor, int listener);

  /// Called with each message of an agent. All three are set before start().
  std::function<void(ToWorker message)> on_message;
  std::function<void()> on_come;
  /// Called for each agent that has gone, after all that it has said.
  std::function<void()> on_go;
  /// Waits for agents from now on. Once.
  void start();

  bool present() const { return link_ != nullptr; }
  /// Since when no agent has been there, while present() is false.
  std::chrono::steady_clock::time_point absent_since() const { return absent_since_; }

  void send(const FromWorker& message);
  /// See Link.
  net::awaitable<void> flush();

 private:
  net::awaitable<void> accept();
  static net::awaitable<void> read(AgentConnection& self, std::shared_ptr<Link> link);

  boost::asio::any_io_executor executor_;
  boost::asio::posix::stream_descriptor listener_;
  uid_t user_;
  std::shared_ptr<Link> link_;
  std::chrono::steady_clock::time_point absent_since_ = std::chrono::steady_clock::now();
};

}  // namespace postern::agent

#include "agent/agent_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "agent/spawn.h"
#include "agent/worker_socket.h"
#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// For a process without a descriptor to spare.
constexpr std::chrono::milliseconds kRetryAccept{100};

}  // namespace

AgentConnection::AgentConnection(asio::any_io_executor executor, int listener)
    : executor_(executor), listener_(executor, listener), user_(::geteuid()) {}

void AgentConnection::start() {
  spawn(executor_, "agent_connections", accept());
}

net::awaitable<void> AgentConnection::accept() {
  asio::steady_timer pause(executor_);
  for (;;) {
    co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    const int descriptor =
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) continue;
      log::warning("agent_not_accepted", {{"reason", std::strerror(errno)}});
      pause.expires_after(kRetryAccept);
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    if (!peer_is(descriptor, user_)) {
      // No line that others could fill the log with.
      log::debug("stranger_not_accepted");
      ::close(descriptor);
      continue;
    }
    // The one before it has gone, or will. What it has said is still read: its end may be noticed later than
    // the beginning of this one.
    link_ = std::make_shared<Link>(executor_, descriptor);
    spawn(executor_, "agent_link", read(*this, link_));
    on_come();
  }
}

net::awaitable<void> AgentConnection::read(AgentConnection& self, std::shared_ptr<Link> link) {
  while (const auto line = co_await link->read_line()) {
    if (auto message = decode_json_text<ToWorker>(*line)) self.on_message(std::move(*message));
  }
  if (self.link_ == link) {
    self.link_.reset();
    self.absent_since_ = std::chrono::steady_clock::now();
  }
  self.on_go();
}

void AgentConnection::send(const FromWorker& message) {
  if (link_) link_->send(encode_json_text(message));
}

net::awaitable<void> AgentConnection::flush() {
  const auto link = link_;
  if (link) co_await link->flush();
}

}  // namespace postern::agent

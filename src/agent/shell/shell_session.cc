#include "agent/shell/shell_session.h"

#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "agent/process/process_session.h"
#include "agent/spawn.h"
#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// One message's worth. A terminal gives at most 4 KiB a read, so several are gathered.
constexpr std::size_t kMaxOutputBytes = 16 * 1024;
// A program that prints much prints little at a time: with this much unacknowledged, small reads wait for
// company.
constexpr std::size_t kBusyBytes = 16 * 1024;
constexpr std::size_t kSmallRead = 4 * 1024;
constexpr std::chrono::milliseconds kGather{2};

// The shell is gone; a background job may still print without end.
constexpr std::size_t kMaxDrainBytes = 1024 * 1024;

PtyCommand pty_command(const SessionUser& user, const std::string& commands) {
  PtyCommand command;
  command.fallback_program = "/bin/sh";
  if (commands.empty()) {
    command.program = user.login.shell;
    command.arguments = {login_shell_name(user.login)};
  } else {
    command.program = "/bin/sh";
    command.arguments = {"sh", "-c", commands};
  }
  command.environment = login_environment(user.login);
  command.directory = user.login.home;
  command.identity = user.identity;
  return command;
}

}  // namespace

ShellSession::ShellSession(asio::any_io_executor executor, const SessionUser& user,
                           const std::string& commands, const std::string& typed)
    : executor_(executor),
      pty_(pty_command(user, commands), wire::TerminalSize{80, 24}),
      terminal_(executor, pty_.release_master()),
      buffer_(kMaxOutputBytes),
      terminal_full_(executor),
      exit_(executor) {
  if (!typed.empty()) unwritten_ = to_bytes(typed + '\n');
  log::info("shell_started", {{"pid", static_cast<std::int64_t>(pty_.pid())}, {"user", user.login.name}});
}

net::awaitable<Completion> ShellSession::run(ChannelDriver& channel, Agreement /*agreement*/) {
  channel.on_notice = [&channel](const std::string& text) {
    channel.send(wire::PayloadType::kOutput, as_bytes("\r\n" + text + "\r\n"));
  };
  channel.on_input = [this, &channel] { type_input(channel); };
  type_input(channel);
  spawn(executor_, "shell_input", wait_for_terminal(channel));
  spawn(executor_, "shell_output", send_output(channel));
  while (!exited_) co_await exit_.wait();
  co_await drain_terminal(channel);
  co_return Completion{wire::kTaskSuccess, ""};
}

void ShellSession::type_input(ChannelDriver& channel) {
  while (type_unwritten() && channel.front() != nullptr) {
    auto delivery = channel.pop();
    if (delivery.type == wire::PayloadType::kOutput) {
      unwritten_ = std::move(delivery.payload);
    } else if (delivery.type == wire::PayloadType::kSize) {
      const auto size = decode_json_text<wire::TerminalSize>(as_text(delivery.payload));
      if (size && !hung_up_) resize_terminal(terminal_.native_handle(), *size);
    }
    // Anything else has no meaning for a shell and counts as done, as official agents have it.
  }
  if (!unwritten_.empty()) terminal_full_.notify();
}

/// False when the terminal takes no more now. What a terminal that is gone doesn't take is dropped.
bool ShellSession::type_unwritten() {
  std::size_t typed = 0;
  while (typed < unwritten_.size() && !hung_up_) {
    const auto written =
        ::write(terminal_.native_handle(), unwritten_.data() + typed, unwritten_.size() - typed);
    if (written > 0) {
      typed += static_cast<std::size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {
      unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(typed));
      return false;
    } else if (written == 0 || errno != EINTR) {
      break;
    }
  }
  unwritten_.clear();
  return true;
}

net::awaitable<void> ShellSession::wait_for_terminal(ChannelDriver& channel) {
  for (;;) {
    while (unwritten_.empty()) co_await terminal_full_.wait();
    co_await terminal_.async_wait(asio::posix::stream_descriptor::wait_write,
                                  asio::as_tuple(asio::use_awaitable));
    type_input(channel);
  }
}

net::awaitable<void> ShellSession::send_output(ChannelDriver& channel) {
  asio::steady_timer gather(executor_);
  while (!hung_up_ && !exited_) {
    // A paused or slow client stops the reading, and so the program that prints.
    if (!channel.can_send()) {
      co_await channel.wait_can_send();
      continue;
    }
    co_await terminal_.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::as_tuple(asio::use_awaitable));
    if (hung_up_ || exited_ || !channel.can_send()) continue;
    const auto size = read_terminal();
    if (size == 0) continue;
    channel.send(wire::PayloadType::kOutput, ByteView(buffer_).first(size));
    if (size < kSmallRead && channel.unacknowledged_bytes() > kBusyBytes) {
      gather.expires_after(kGather);
      co_await gather.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

std::size_t ShellSession::read_terminal() {
  std::size_t size = 0;
  while (size < buffer_.size()) {
    const auto got = ::read(terminal_.native_handle(), buffer_.data() + size, buffer_.size() - size);
    if (got > 0) {
      size += static_cast<std::size_t>(got);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      // EIO: no process has the terminal open any more.
      if (got == 0 || errno != EAGAIN) hung_up_ = true;
      break;
    }
  }
  return size;
}

net::awaitable<void> ShellSession::drain_terminal(ChannelDriver& channel) {
  for (std::size_t total = 0; total < kMaxDrainBytes;) {
    while (!channel.can_send() && channel.ended().empty()) co_await channel.wait_can_send();
    const auto size = channel.ended().empty() ? read_terminal() : 0;
    // Nothing left, although a background job may keep the terminal open.
    if (size == 0) co_return;
    channel.send(wire::PayloadType::kOutput, ByteView(buffer_).first(size));
    total += size;
  }
}

net::awaitable<void> ShellSession::stop() {
  hung_up_ = true;
  co_await end_process_session(pty_.pid(), [this] { return exited_; });
}

void ShellSession::on_child_exit(int pid, int wait_status) {
  if (pid != pty_.pid()) return;
  log::info("shell_exited", {{"pid", static_cast<std::int64_t>(pid)}, {"status", wait_status}});
  exited_ = true;
  exit_.notify();
  // Nothing wakes a reader of a terminal that a background job holds open and silent.
  boost::system::error_code ignored;
  terminal_.cancel(ignored);
}

}  // namespace postern::agent

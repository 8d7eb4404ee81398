#include "agent/command/command_session.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "agent/command/output_prefix.h"
#include "agent/process/process_session.h"
#include "base/log.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// Nearly all that larger payloads give an official client is had with this one (data-channel.md 8.2).
constexpr std::size_t kOfficialPayloadBytes = 32 * 1024;
// The client hears of its credit when so much has gone, which leaves it three quarters to go on with.
constexpr std::uint64_t kCreditStep = wire::kCommandInputWindow / 4;
constexpr std::uint8_t kInterruptByte = 0x03;
constexpr std::uint8_t kQuitByte = 0x1c;

int exit_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

/// One of the command's output pipes.
class CommandSession::OutputSource final : public Source {
 public:
  OutputSource(CommandSession& session, ChannelDriver& channel, int descriptor, wire::PayloadType type,
               const std::string& prefix)
      : session_(session),
        channel_(channel),
        pipe_(session.executor_, descriptor),
        type_(type),
        prefix_(prefix),
        payload_bytes_(session.with_input_ ? channel::DataChannel::kBulkPayloadBytes
                                           : kOfficialPayloadBytes) {}

  asio::posix::stream_descriptor* descriptor() override { return &pipe_; }

  Outcome take_turn() override {
    const auto room = channel_.prepare(payload_bytes_);
    const auto prefix = prefix_.next();
    std::ranges::copy(prefix, room.begin());
    const auto chunk = room.subspan(prefix.size());
    const auto got = ::read(pipe_.native_handle(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) return Outcome::kMore;
    if (got < 0 && errno == EAGAIN) return Outcome::kDrained;
    if (got <= 0) {
      boost::system::error_code ignored;
      pipe_.close(ignored);
      session_.on_output_end();
      return Outcome::kOut;
    }
    const auto size = static_cast<std::size_t>(got);
    prefix_.on_chunk(chunk.first(size));
    channel_.send_prepared(type_, prefix.size() + size);
    return size == chunk.size() ? Outcome::kMore : Outcome::kDrained;
  }

 private:
  CommandSession& session_;
  ChannelDriver& channel_;
  asio::posix::stream_descriptor pipe_;
  wire::PayloadType type_;
  OutputPrefix prefix_;
  std::size_t payload_bytes_;
};

CommandSession::CommandSession(asio::any_io_executor executor, SessionUser user, CommandProperties properties,
                               std::vector<std::string> arguments)
    : executor_(executor),
      user_(std::move(user)),
      properties_(std::move(properties)),
      arguments_(std::move(arguments)),
      change_(executor) {}

CommandSession::~CommandSession() = default;

std::optional<HandshakeOffer> CommandSession::handshake() const {
  return HandshakeOffer{
      wire::kNonInteractiveCommands, nullptr, {wire::kExtensionBulk, wire::kExtensionCommandInput}};
}

net::awaitable<Completion> CommandSession::run(ChannelDriver& channel, Agreement agreement) {
  with_input_ = agreement.has(wire::kExtensionCommandInput);
  reports_exit_ = with_input_ || properties_.separate_output_stream;
  PipedCommand command{arguments_,  login_environment(user_.login),     user_.login.home, user_.identity,
                       with_input_, !properties_.separate_output_stream};
  const auto process = start_piped(command);
  if (!process) {
    report_start_failure(channel, process.error());
    co_return Completion{wire::kTaskSuccess, ""};
  }
  take_over(channel, *process);
  while (!over() && !flooded_) co_await change_.wait();
  if (flooded_) {
    co_await stop();
    co_return Completion{wire::kTaskFailed, "The client sent more input than the command had room for."};
  }
  channel.on_input = nullptr;
  if (reports_exit_)
    channel.send(wire::PayloadType::kExitCode, as_bytes(wire::encode_exit_code(*exit_code_)));
  co_return Completion{wire::kTaskSuccess, ""};
}

void CommandSession::report_start_failure(ChannelDriver& channel, const StartFailure& failure) {
  log::info("command_not_started", {{"reason", failure.text}});
  const auto text = "Unable to start command: " + failure.text + '\n';
  channel.send(wire::PayloadType::kStdErr, as_bytes(text));
  if (reports_exit_) {
    channel.send(wire::PayloadType::kExitCode, as_bytes(wire::encode_exit_code(failure.exit_code)));
  }
}

void CommandSession::take_over(ChannelDriver& channel, const PipedProcess& process) {
  pid_ = process.pid;
  log::info("command_started", {{"pid", static_cast<std::int64_t>(pid_)}, {"user", user_.login.name}});
  if (on_process_session) on_process_session();
  if (process.input >= 0) input_.emplace(executor_, process.input);
  channel.on_input = [this, &channel] { take_input(channel); };
  take_input(channel);
  turns_.emplace(executor_, channel);
  turns_->start();
  open_outputs_ = process.error >= 0 ? 2 : 1;
  add_output(channel, process.output, wire::PayloadType::kOutput, properties_.std_out_separator_prefix);
  if (process.error >= 0) {
    add_output(channel, process.error, wire::PayloadType::kStdErr, properties_.std_err_separator_prefix);
  }
}

void CommandSession::add_output(ChannelDriver& channel, int descriptor, wire::PayloadType type,
                                const std::string& prefix) {
  // Prefixes are for separate streams only.
  const auto used = properties_.separate_output_stream ? prefix : std::string();
  turns_->add(std::make_shared<OutputSource>(*this, channel, descriptor, type, used));
}

void CommandSession::on_output_end() {
  --open_outputs_;
  change_.notify();
}

bool CommandSession::over() const {
  return exit_code_ && open_outputs_ == 0;
}

void CommandSession::take_input(ChannelDriver& channel) {
  while (channel.front() != nullptr && !flooded_) {
    const auto delivery = channel.pop();
    if (!with_input_) {
      if (delivery.type == wire::PayloadType::kOutput) take_control_bytes(delivery.payload);
    } else if (delivery.type == wire::PayloadType::kOutput) {
      write_input(channel, delivery.payload);
    } else if (delivery.type == wire::PayloadType::kFlag) {
      take_flag(delivery.payload);
    }
    // Anything else has no meaning for a command and counts as done.
  }
}

/// Of each payload the first one counts, as with official agents; everything else is dropped.
void CommandSession::take_control_bytes(ByteView payload) {
  const auto found = std::ranges::find_if(
      payload, [](std::uint8_t byte) { return byte == kInterruptByte || byte == kQuitByte; });
  if (found != payload.end()) signal_group(*found == kInterruptByte ? SIGINT : SIGQUIT);
}

void CommandSession::take_flag(ByteView payload) {
  const auto flag = wire::decode_flag(payload);
  if (!flag) return;
  if (const auto signal = wire::signal_of(*flag)) {
    signal_group(*signal);
  } else if (*flag == wire::Flag::kEndOfInput) {
    input_ended_ = true;
    if (pending_.empty()) close_input();
  }
}

void CommandSession::write_input(ChannelDriver& channel, ByteView data) {
  if (!input_) {
    // The command has closed its input, or the client had ended it: nobody reads this.
    consumed_ += data.size();
  } else {
    const auto result = pending_.write(input_->native_handle(), data);
    consumed_ += result.gone;
    if (result.outcome == PendingBytes::Outcome::kBroken ||
        (input_ended_ && result.outcome == PendingBytes::Outcome::kDone)) {
      close_input();
    }
    // One that keeps to the agreement never gets here.
    flooded_ = pending_.size() > wire::kCommandInputWindow;
    if (flooded_) change_.notify();
    if (result.outcome == PendingBytes::Outcome::kFull) wait_for_input_room(channel);
  }
  if (consumed_ - reported_ < kCreditStep) return;
  reported_ = consumed_;
  channel.send(wire::PayloadType::kInputCredit, wire::encode_input_credit(consumed_));
}

void CommandSession::wait_for_input_room(ChannelDriver& channel) {
  if (std::exchange(waiting_for_room_, true)) return;
  input_->async_wait(asio::posix::stream_descriptor::wait_write,
                     [this, &channel](boost::system::error_code ec) {
                       waiting_for_room_ = false;
                       if (!ec && input_) write_input(channel, {});
                     });
}

void CommandSession::close_input() {
  consumed_ += pending_.clear();
  input_.reset();
}

void CommandSession::signal_group(int signal) {
  // Once it is over, another group may have its number.
  if (pid_ > 0 && !over()) ::kill(-pid_, signal);
}

net::awaitable<void> CommandSession::stop() {
  if (pid_ < 0) co_return;
  co_await end_process_session(pid_, [this] { return exit_code_.has_value(); });
}

std::optional<int> CommandSession::process_session() const {
  return pid_ > 0 ? std::optional<int>(pid_) : std::nullopt;
}

void CommandSession::on_child_exit(int pid, int wait_status) {
  if (pid != pid_) return;
  exit_code_ = exit_code(wait_status);
  log::info("command_exited", {{"pid", static_cast<std::int64_t>(pid)}, {"exit_code", *exit_code_}});
  change_.notify();
}

}  // namespace postern::agent

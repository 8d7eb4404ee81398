#include "client/session/terminal_session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>

namespace postern::client {
namespace asio = boost::asio;

namespace {

// Official agents write each payload to the terminal in one go (data-channel.md 8.3).
constexpr std::size_t kInputBytes = 1024;
// Keystrokes behind a large paste wait for what is in flight, so that is little.
constexpr std::size_t kTypedWindowBytes = 128 * 1024;

constexpr std::string_view kEndOfTransmission = "\x04";
constexpr std::string_view kInterrupt = "\x03";

struct SignalKey {
  int signal;
  std::string_view key;
};
constexpr std::array kSignalKeys = {SignalKey{SIGINT, kInterrupt}, SignalKey{SIGQUIT, "\x1c"},
                                    SignalKey{SIGTSTP, "\x1a"}};

}  // namespace

TerminalSession::TerminalSession(const asio::any_io_executor& executor, SessionLink& link, FrontEnd front_end,
                                 StandardDescriptors descriptors)
    : link_(link),
      front_end_(front_end),
      output_descriptor_(descriptors.output),
      signals_(executor, SIGWINCH, SIGTERM, SIGHUP),
      input_(executor, descriptors.input),
      output_stream_(executor, descriptors.output),
      // What waited for room may come in now, and be acknowledged.
      output_(executor, output_stream_, [this] { link_.pull(); }),
      terminal_(descriptors.input),
      input_wanted_(executor) {
  // The AWS CLI leaves SIGINT, SIGQUIT and SIGTSTP ignored; a signal_set replaces that (data-channel.md 1.3).
  for (const auto& mapped : kSignalKeys) signals_.add(mapped.signal);
  send_size();
}

awaitable<Parting> TerminalSession::run() {
  const auto executor = co_await asio::this_coro::executor;
  auto writer = asio::co_spawn(executor, output_.run(), asio::deferred);
  auto reader = asio::co_spawn(executor, read_input(), asio::deferred);
  auto forwarder = asio::co_spawn(executor, forward_signals(), asio::deferred);
  auto group =
      asio::experimental::make_parallel_group(std::move(writer), std::move(reader), std::move(forwarder));
  auto [order, writer_failure, reader_failure, forwarder_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  terminal_.restore();
  if (order[0] == 0 && writer_failure) std::rethrow_exception(writer_failure);
  co_return Parting::kTerminate;
}

void TerminalSession::on_started(Start start) {
  started_ = true;
  // What was sent during the handshake, the agent has thrown away.
  if (start == Start::kAfterHandshake) {
    sent_size_ = {};
    send_size();
  }
  if (!typed_ahead_.empty()) send_input(std::exchange(typed_ahead_, {}));
  input_wanted_.notify();
}

bool TerminalSession::wants_input() const {
  const auto& channel = link_.channel();
  if (started_) return channel.can_send() && channel.sender().kept_bytes() < kTypedWindowBytes;
  // Keys are looked at from the beginning, because in raw mode nothing else can give up a start that takes
  // too long.
  return terminal_.is_terminal() && typed_ahead_.size() < kInputBytes;
}

awaitable<void> TerminalSession::read_input() {
  std::array<std::uint8_t, kInputBytes> keys;
  for (;;) {
    while (!wants_input()) co_await input_wanted_.wait();
    const auto count = co_await input_.read_some(keys);
    if (count == 0) break;
    const auto input = as_text(std::span(keys).first(count));
    if (!terminal_.is_terminal()) {
      send_input(as_official_client_sends(input));
      continue;
    }
    const auto step = escape_keys_.on_keys(input);
    if (!step.show.empty()) show(step.show);
    if (!started_ && step.send.find(kInterrupt) != std::string::npos) co_return;
    if (!step.send.empty()) send_input(step.send);
    if (step.action == KeyAction::kDisconnect) co_return;
  }
  if (terminal_.is_terminal()) co_return;
  // The input was a pipe or file. The shell gets an end of file as from a keyboard, and the session lasts
  // until it ends.
  send_input(kEndOfTransmission);
  for (;;) co_await input_wanted_.wait();
}

awaitable<void> TerminalSession::forward_signals() {
  for (;;) {
    const int signal = co_await signals_.async_wait(asio::use_awaitable);
    if (signal == SIGTERM || signal == SIGHUP) co_return;
    if (signal == SIGWINCH) send_size();
    if (signal == SIGINT && !started_) co_return;
    for (const auto& mapped : kSignalKeys) {
      if (mapped.signal == signal && started_) send_input(mapped.key);
    }
  }
}

void TerminalSession::on_delivery(channel::Delivery delivery) {
  switch (delivery.type) {
    case wire::PayloadType::kExitCode:
      // The official client prints it like output.
      if (front_end_ == FrontEnd::kPlugin) show(as_text(delivery.payload));
      break;
    case wire::PayloadType::kOutput:
    case wire::PayloadType::kError:
    case wire::PayloadType::kStdErr:
      show(as_text(delivery.payload));
      break;
    default:
      break;
  }
}

void TerminalSession::tell(std::string_view line) {
  const std::string_view end = terminal_.is_terminal() ? "\r\n" : "\n";
  show(std::string(end).append(line).append(end));
}

void TerminalSession::greet(std::string_view message) {
  show(message);
  show(terminal_.is_terminal() ? "\r\n" : "\n");
}

void TerminalSession::on_outage(Outage outage) {
  if (front_end_ == FrontEnd::kPostern && outage == Outage::kBegins)
    tell("Connection lost, reconnecting ...");
}

void TerminalSession::send_input(std::string_view input) {
  if (!started_) {
    typed_ahead_ += input;
    return;
  }
  link_.channel().send(wire::PayloadType::kOutput, as_bytes(input));
  link_.wake();
}

void TerminalSession::send_size() {
  const auto size = terminal_size(output_descriptor_);
  if (size == sent_size_) return;
  sent_size_ = size;
  link_.channel().send(wire::PayloadType::kSize, as_bytes(encode_json_text(size)));
  link_.wake();
}

}  // namespace postern::client

#include "client/shell_session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>

#include "net/timeout.h"
#include "wire/control_payloads.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

// Official agents write each payload to the terminal in one go (data-channel.md 8.3).
constexpr std::size_t kInputBytes = 1024;
constexpr std::size_t kPendingOutputBytes = 256 * 1024;
constexpr std::chrono::seconds kDrainLimit{10};
constexpr std::chrono::seconds kTerminateLimit{3};
// An official agent loses input that comes right behind its HandshakeComplete (5.4).
constexpr std::chrono::milliseconds kAgentStartGap{10};

constexpr std::string_view kEndOfTransmission = "\x04";
constexpr std::string_view kInterrupt = "\x03";

struct SignalKey {
  int signal;
  std::string_view key;
};
constexpr std::array kSignalKeys = {SignalKey{SIGINT, kInterrupt}, SignalKey{SIGQUIT, "\x1c"},
                                    SignalKey{SIGTSTP, "\x1a"}};

// Port sessions need local sockets that this client does not have yet; the agent passes the text on to the
// service.
std::optional<std::string> refuse_port_session(ByteView payload) {
  const auto request = decode_json_text<wire::HandshakeRequest>(as_text(payload));
  if (!request) return std::nullopt;
  wire::HandshakeResponse response;
  response.client_version = kPluginVersion;
  boost::json::array errors;
  for (const auto& action : request->requested_client_actions) {
    const auto parameters = decode_json<wire::SessionTypeParameters>(action.action_parameters);
    if (!parameters || parameters->session_type != wire::kPort) continue;
    const auto* text = "port sessions are not supported by this client; use session type Standard_Stream";
    wire::ProcessedClientAction refused;
    refused.action_type = action.action_type;
    refused.action_status = static_cast<int>(wire::ActionStatus::kUnsupported);
    refused.error = "Failed to process action " + action.action_type + ": " + text;
    response.processed_client_actions.push_back(std::move(refused));
    errors.emplace_back(text);
  }
  if (errors.empty()) return std::nullopt;
  response.errors = std::move(errors);
  return encode_json_text(response);
}

}  // namespace

ShellSession::ShellSession(const asio::any_io_executor& executor, SessionTicket ticket,
                           const Settings& settings, ApiClient& api, const net::TlsClientContext& tls,
                           const Clock& clock, ShellSessionOptions options)
    : session_id_(ticket.session_id),
      settings_(settings),
      tls_(tls),
      clock_(clock),
      options_(options),
      link_(executor, std::move(ticket), settings, api, tls, clock,
            {.received = [this] { take_deliveries(); },
             .away =
                 [this] {
                   if (options_.front_end == FrontEnd::kPostern)
                     show("\r\nConnection lost, reconnecting ...\r\n");
                 }}),
      handshake_(kPluginVersion),
      input_(executor, options.input),
      output_(executor, options.output),
      terminal_(options.input),
      output_ready_(executor),
      output_written_(executor),
      input_allowed_(executor),
      input_wanted_(executor) {}

awaitable<SessionEnd> ShellSession::run() {
  // Waits in the channel for the connection, so that the shell's first prompt is drawn for the right width.
  send_size();
  const auto executor = co_await asio::this_coro::executor;
  // The AWS CLI leaves SIGINT, SIGQUIT and SIGTSTP ignored; a signal_set replaces that (data-channel.md 1.3).
  // It stays until the end, because a terminal that goes away hangs up twice: at once, and when the shell in
  // it has ended.
  asio::signal_set signals(executor, SIGWINCH, SIGTERM, SIGHUP);
  for (const auto& mapped : kSignalKeys) signals.add(mapped.signal);
  auto receiver = asio::co_spawn(executor, receive(), asio::deferred);
  auto writer = asio::co_spawn(executor, write_output(), asio::deferred);
  auto reader = asio::co_spawn(executor, read_input(), asio::deferred);
  auto opener = asio::co_spawn(executor, open_input(), asio::deferred);
  auto forwarder = asio::co_spawn(executor, forward(signals), asio::deferred);
  auto group = asio::experimental::make_parallel_group(
      std::move(receiver), std::move(writer), std::move(reader), std::move(opener), std::move(forwarder));
  auto [order, failure, end, writer_failure, reader_failure, opener_failure, forwarder_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  terminal_.restore();
  if (order[0] == 0) {
    if (failure) std::rethrow_exception(failure);
    co_return std::move(end);
  }
  // The person, the reader of our output or the system wants no more of it. Nobody could ever join this
  // session again.
  co_await terminate();
  co_return SessionEnd{SessionEnd::Kind::kDisconnected, {}};
}

awaitable<SessionEnd> ShellSession::receive() {
  auto end = co_await link_.run();
  co_await drain_output();
  if (end.kind == SessionEnd::Kind::kClosed && end.text.empty() && !failure_.empty()) {
    end = {SessionEnd::Kind::kFailed, failure_};
  }
  co_return end;
}

awaitable<void> ShellSession::drain_output() {
  auto limit = SteadyClock::now() + kDrainLimit;
  for (;;) {
    take_deliveries();
    const auto left = pending_.size() + writing_;
    if (left == 0 && link_.channel().front() == nullptr) co_return;
    co_await output_written_.wait_until(limit);
    if (SteadyClock::now() >= limit) co_return;
  }
}

awaitable<void> ShellSession::terminate() {
  ApiClient api(settings_, tls_, clock_);
  auto call = api.ask<boost::json::value>("TerminateSession", SessionReference{session_id_});
  try {
    // An error leaves the session to the service's idle timeout, as with every client that disappears.
    static_cast<void>(co_await net::with_timeout(std::move(call), kTerminateLimit));
  } catch (const boost::system::system_error&) {
    co_return;
  }
}

awaitable<void> ShellSession::write_output() {
  for (;;) {
    while (pending_.empty()) co_await output_ready_.wait();
    const Bytes block = std::exchange(pending_, {});
    writing_ = block.size();
    co_await output_.write_all(block);
    writing_ = 0;
    // What waited for room may come in now, and be acknowledged.
    take_deliveries();
    link_.wake();
    output_written_.notify();
  }
}

awaitable<void> ShellSession::open_input() {
  while (!handshake_.complete()) co_await input_allowed_.wait();
  if (!handshake_.agent_version().empty()) {
    asio::steady_timer gap(co_await asio::this_coro::executor, kAgentStartGap);
    co_await gap.async_wait(asio::use_awaitable);
    // What was sent during the handshake, the agent has thrown away.
    sent_size_ = {};
    send_size();
  }
  started_ = true;
  if (!typed_ahead_.empty()) send_input(std::exchange(typed_ahead_, {}));
  input_wanted_.notify();
  for (;;) co_await input_allowed_.wait();
}

bool ShellSession::wants_input() const {
  if (started_) return link_.channel().can_send();
  // Keys are looked at from the beginning, because in raw mode nothing else can give up a start that takes
  // too long.
  return terminal_.is_terminal() && typed_ahead_.size() < kInputBytes;
}

awaitable<void> ShellSession::read_input() {
  std::array<char, kInputBytes> keys;
  for (;;) {
    while (!wants_input()) co_await input_wanted_.wait();
    const auto count = co_await input_.read_some(keys);
    if (count == 0) break;
    const std::string_view input(keys.data(), count);
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

awaitable<void> ShellSession::forward(asio::signal_set& signals) {
  for (;;) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    if (signal == SIGTERM || signal == SIGHUP) co_return;
    if (signal == SIGWINCH) send_size();
    if (signal == SIGINT && !started_) co_return;
    for (const auto& mapped : kSignalKeys) {
      if (mapped.signal == signal && started_) send_input(mapped.key);
    }
  }
}

void ShellSession::take_deliveries() {
  auto& channel = link_.channel();
  while (output_has_room() && channel.front() != nullptr) take(channel.pop());
  input_allowed_.notify();
  // Acknowledgements may have opened the window.
  input_wanted_.notify();
}

void ShellSession::take(const channel::Delivery& delivery) {
  if (!handshake_.complete() && take_handshake(delivery)) return;
  switch (delivery.type) {
    case wire::PayloadType::kExitCode:
      // The official client prints it like output.
      if (options_.front_end == FrontEnd::kPlugin) show(as_text(delivery.payload));
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

bool ShellSession::take_handshake(const channel::Delivery& delivery) {
  if (delivery.type == wire::PayloadType::kHandshakeRequest) {
    if (const auto refusal = refuse_port_session(delivery.payload)) {
      failure_ = "port sessions are not supported by this client";
      link_.channel().send(wire::PayloadType::kHandshakeResponse, as_bytes(*refusal));
      return true;
    }
  }
  const auto step = handshake_.on_delivery(delivery.type, delivery.payload);
  if (!step) {
    failure_ = step.error();
    return true;
  }
  if (step->send) link_.channel().send(step->send->type, as_bytes(step->send->payload));
  if (handshake_.complete() && !handshake_.customer_message().empty()) {
    show(handshake_.customer_message());
    show(terminal_.is_terminal() ? "\r\n" : "\n");
  }
  return step->consumed;
}

void ShellSession::show(std::string_view text) {
  auto bytes = as_bytes(text);
  // The echo of a key is on the screen before anything else is done about it.
  if (pending_.empty() && writing_ == 0) bytes = bytes.subspan(output_.try_write(bytes));
  if (bytes.empty()) return;
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  output_ready_.notify();
}

void ShellSession::send_input(std::string_view input) {
  if (!started_) {
    typed_ahead_ += input;
    return;
  }
  link_.channel().send(wire::PayloadType::kOutput, as_bytes(input));
  link_.wake();
}

void ShellSession::send_size() {
  const auto size = terminal_size(options_.output);
  if (size == sent_size_) return;
  sent_size_ = size;
  link_.channel().send(wire::PayloadType::kSize, as_bytes(encode_json_text(size)));
  link_.wake();
}

bool ShellSession::output_has_room() const {
  return pending_.size() + writing_ < kPendingOutputBytes;
}

}  // namespace postern::client

#include "client/session/command_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>

#include "wire/extensions.h"
#include "wire/payloads.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::array kForwardedSignals = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
// An official agent that gets a control byte before its command runs is stuck for good (data-channel.md 6.3).
constexpr std::chrono::seconds kOfficialSignalGap{1};
constexpr int kBrokenPipeStatus = 128 + SIGPIPE;

bool is_broken_pipe(const std::exception_ptr& failure) {
  if (!failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& problem) {
    return problem.code() == boost::system::errc::broken_pipe;
  }
}

}  // namespace

CommandSession::CommandSession(const asio::any_io_executor& executor, SessionLink& link,
                               const SessionFacts& facts, CommandIo io, CommandOptions options,
                               std::optional<int>& exit_code)
    : link_(link),
      agent_version_(facts.agent_version),
      takes_input_(channel::contains(facts.agreed, wire::kExtensionCommandInput)),
      io_(io),
      options_(std::move(options)),
      exit_code_(exit_code),
      output_(executor, *io.output, [this] { link_.pull(); }),
      error_(executor, *io.error, [this] { link_.pull(); }),
      signals_(executor),
      input_wanted_(executor),
      heard_changed_(executor),
      finished_changed_(executor) {
  if (!options_.forward_signals) return;
  for (const int signal : kForwardedSignals) signals_.add(signal);
}

awaitable<Parting> CommandSession::run() {
  const auto executor = co_await asio::this_coro::executor;
  auto writer = asio::co_spawn(executor, output_.run(), asio::deferred);
  auto error_writer = asio::co_spawn(executor, error_.run(), asio::deferred);
  auto reader = asio::co_spawn(executor, takes_input_ ? read_input() : refuse_input(), asio::deferred);
  auto forwarder = asio::co_spawn(executor, forward_signals(), asio::deferred);
  auto finisher = asio::co_spawn(executor, finish(), asio::deferred);
  auto group =
      asio::experimental::make_parallel_group(std::move(writer), std::move(error_writer), std::move(reader),
                                              std::move(forwarder), std::move(finisher));
  auto [order, writer_failure, error_writer_failure, reader_failure, forwarder_failure, finisher_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  switch (order[0]) {
    case 0:
    case 1: {
      const auto failure = order[0] == 0 ? writer_failure : error_writer_failure;
      if (is_broken_pipe(failure)) exit_code_ = kBrokenPipeStatus;
      if (failure) std::rethrow_exception(failure);
      break;
    }
    case 2:
      if (reader_failure) std::rethrow_exception(reader_failure);
      break;
    case 4:
      co_return Parting::kDone;
    default:
      break;
  }
  co_return Parting::kTerminate;
}

void CommandSession::on_started(Start) {
  started_ = true;
  started_at_ = SteadyClock::now();
  input_wanted_.notify();
  heard_changed_.notify();
}

std::size_t CommandSession::input_room() const {
  if (!started_ || !link_.channel().can_send()) return 0;
  const auto unconfirmed = static_cast<std::size_t>(input_sent_ - input_consumed_);
  return std::min(wire::kCommandInputWindow - unconfirmed, channel::DataChannel::kBulkPayloadBytes);
}

awaitable<void> CommandSession::read_input() {
  for (;;) {
    while (input_room() == 0) co_await input_wanted_.wait();
    auto& channel = link_.channel();
    const auto room = channel.prepare(input_room());
    const auto count = io_.input != nullptr ? co_await io_.input->read_some(room) : 0;
    if (count == 0) break;
    input_sent_ += count;
    channel.send_prepared(wire::PayloadType::kOutput, count);
    link_.wake();
  }
  link_.channel().send(wire::PayloadType::kFlag, wire::encode_flag(wire::Flag::kEndOfInput));
  link_.wake();
  for (;;) co_await input_wanted_.wait();
}

awaitable<void> CommandSession::refuse_input() {
  std::array<std::uint8_t, 1> first;
  const bool asked = io_.input != nullptr && !options_.input_is_keyboard;
  const auto count = asked ? co_await io_.input->read_some(first) : 0;
  if (count > 0) {
    tell(fmt::format("The node's agent ({}) can't give input to a command; standard input is ignored.",
                     agent_version_));
  }
  for (;;) co_await input_wanted_.wait();
}

awaitable<void> CommandSession::forward_signals() {
  for (;;) {
    const int signal = co_await signals_.async_wait(asio::use_awaitable);
    // Nobody there hears it: the person wants to get out of here.
    if (!started_ || link_.is_away()) co_return;
    const bool delivered = co_await deliver_signal(signal);
    if (!delivered) co_return;
  }
}

awaitable<bool> CommandSession::deliver_signal(int signal) {
  auto& channel = link_.channel();
  if (takes_input_) {
    channel.send(wire::PayloadType::kFlag, wire::encode_flag(wire::signal_flag(signal)));
    link_.wake();
    co_return true;
  }
  if (signal != SIGINT && signal != SIGQUIT) co_return false;
  const auto safe_from = started_at_ + kOfficialSignalGap;
  while (!heard_ && SteadyClock::now() < safe_from) co_await heard_changed_.wait_until(safe_from);
  channel.send(wire::PayloadType::kOutput, as_bytes(signal == SIGINT ? "\x03" : "\x1c"));
  link_.wake();
  co_return true;
}

void CommandSession::on_delivery(channel::Delivery delivery) {
  switch (delivery.type) {
    case wire::PayloadType::kOutput:
      output_.put(delivery.payload);
      break;
    case wire::PayloadType::kStdErr:
    case wire::PayloadType::kError:
      // The official client knows one stream only.
      (options_.front_end == FrontEnd::kPlugin ? output_ : error_).put(delivery.payload);
      break;
    case wire::PayloadType::kExitCode:
      if (options_.front_end == FrontEnd::kPlugin) output_.put(delivery.payload);
      if (const auto code = wire::decode_exit_code(delivery.payload)) exit_code_ = *code;
      finished_ = true;
      finished_changed_.notify();
      break;
    case wire::PayloadType::kInputCredit:
      if (const auto consumed = wire::decode_input_credit(delivery.payload);
          consumed && *consumed <= input_sent_)
        input_consumed_ = std::max(input_consumed_, *consumed);
      break;
    default:
      return;
  }
  heard_ = true;
  heard_changed_.notify();
}

/// The exit status is the node's last word, so the end of the session need not be waited for.
awaitable<void> CommandSession::finish() {
  while (!finished_ || options_.front_end == FrontEnd::kPlugin) co_await finished_changed_.wait();
  co_await output_.drain(Event::Time::max());
  co_await error_.drain(Event::Time::max());
}

awaitable<void> CommandSession::drain(Event::Time limit) {
  co_await output_.drain(limit);
  co_await error_.drain(limit);
}

void CommandSession::tell(std::string_view line) {
  if (options_.tell) options_.tell(line);
}

}  // namespace postern::client

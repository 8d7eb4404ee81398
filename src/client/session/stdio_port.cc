#include "client/session/stdio_port.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>

#include "client/session/say.h"
#include "client/session/signals.h"
#include "wire/extensions.h"

namespace postern::client {
namespace asio = boost::asio;

namespace {

// data-channel.md 8.3: nearly all of the gain, and little delay for what comes behind.
constexpr std::size_t kOfficialPayloadBytes = 32 * 1024;

}  // namespace

StdioPort::StdioPort(const asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                     StandardDescriptors descriptors)
    : link_(link),
      payload_bytes_(channel::contains(facts.agreed, wire::kExtensionBulk)
                         ? channel::DataChannel::kBulkPayloadBytes
                         : kOfficialPayloadBytes),
      input_may_end_(channel::contains(facts.agreed, wire::kExtensionPortInputEnd)),
      signals_(executor),
      input_(executor, descriptors.input),
      output_stream_(executor, descriptors.output),
      output_(executor, output_stream_, [this] { link_.pull(); }),
      input_wanted_(executor) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) signals_.add(signal);
  }
  widen_pipe(descriptors.input);
  widen_pipe(descriptors.output);
}

awaitable<Parting> StdioPort::run() {
  const auto executor = co_await asio::this_coro::executor;
  auto writer = asio::co_spawn(executor, output_.run(), asio::deferred);
  auto reader = asio::co_spawn(executor, read_input(), asio::deferred);
  auto watcher = asio::co_spawn(executor, wait_for_signal(), asio::deferred);
  auto group =
      asio::experimental::make_parallel_group(std::move(writer), std::move(reader), std::move(watcher));
  auto [order, writer_failure, reader_failure, watcher_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0 && writer_failure) std::rethrow_exception(writer_failure);
  co_return Parting::kTerminate;
}

awaitable<void> StdioPort::wait_for_signal() {
  co_await signals_.async_wait(asio::use_awaitable);
}

void StdioPort::on_started(Start) {
  started_ = true;
  input_wanted_.notify();
}

awaitable<void> StdioPort::read_input() {
  auto& channel = link_.channel();
  for (;;) {
    while (!started_ || !channel.can_send()) co_await input_wanted_.wait();
    const auto room = channel.prepare(payload_bytes_);
    const auto count = co_await input_.read_some(room);
    if (count == 0) break;
    channel.send_prepared(wire::PayloadType::kOutput, count);
    link_.wake();
  }
  if (!input_may_end_) co_return;
  channel.send(wire::PayloadType::kFlag, wire::encode_flag(wire::Flag::kEndOfInput));
  link_.wake();
  for (;;) co_await input_wanted_.wait();
}

void StdioPort::on_delivery(channel::Delivery delivery) {
  // The official client writes flags to its output, too, which is no use to ssh.
  if (delivery.type == wire::PayloadType::kOutput) output_.put(delivery.payload);
}

void StdioPort::tell(std::string_view line) {
  say(line);
}

}  // namespace postern::client

#include "client/port/basic_port.h"

#include <boost/asio/this_coro.hpp>

#include "client/session/output_pump.h"
#include "wire/payloads.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kPayloadBytes = 32 * 1024;
// Beyond what the listening socket itself keeps.
constexpr std::size_t kMaxWaiting = 16;

}  // namespace

BasicPort::BasicPort(const asio::any_io_executor& executor, SessionLink& link, PortPlan plan)
    : executor_(executor), link_(link), plan_(std::move(plan)), signals_(executor), drained_(executor) {
  add_stop_signals(signals_, plan_.on_suspend);
}

BasicPort::~BasicPort() {
  if (!current_) return;
  current_->detach();
  current_->abort();
}

awaitable<Parting> BasicPort::run() {
  co_await signals_.async_wait(asio::use_awaitable);
  if (plan_.hooks.interrupted) plan_.hooks.interrupted();
  co_return Parting::kTerminate;
}

void BasicPort::on_started(Start) {
  plan_.local.front().listener.start([this](LocalSocket socket) {
    // The rest is turned away, which at least is said at once.
    if (waiting_.size() < kMaxWaiting) waiting_.push_back(std::move(socket));
    on_progress();
  });
  if (plan_.hooks.ready) plan_.hooks.ready();
}

void BasicPort::use(LocalSocket socket) {
  if (!std::exchange(connected_before_, true) && plan_.hooks.connected) plan_.hooks.connected();
  current_ = std::make_shared<LocalStream>(std::move(socket), static_cast<LocalStreamOwner&>(*this));
  current_->want_read();
}

void BasicPort::on_readable(LocalStream& stream) {
  auto& channel = link_.channel();
  if (!channel.can_send()) {
    blocked_ = true;
    return;
  }
  const auto room = channel.prepare(kPayloadBytes);
  const auto read = stream.read_some(room);
  switch (read.kind) {
    case LocalStream::Read::Kind::kBytes:
      channel.send_prepared(wire::PayloadType::kOutput, read.size);
      link_.wake();
      break;
    case LocalStream::Read::Kind::kNothing:
      break;
    case LocalStream::Read::Kind::kEnd:
    case LocalStream::Read::Kind::kBroken:
      return disconnect();
  }
  stream.want_read();
}

void BasicPort::disconnect() {
  const auto former = std::exchange(current_, nullptr);
  former->detach();
  former->close_when_written();
  disconnecting_ = true;
  link_.channel().send(wire::PayloadType::kFlag, wire::encode_flag(wire::Flag::kDisconnectToPort));
  link_.wake();
}

void BasicPort::on_progress() {
  if (disconnecting_ && link_.channel().all_acknowledged()) disconnecting_ = false;
  if (!current_ && !disconnecting_ && !waiting_.empty()) {
    use(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  if (current_ && std::exchange(blocked_, false)) current_->want_read();
}

bool BasicPort::wants_delivery() const {
  return disconnecting_ || (current_ && current_->pending() < OutputPump::kPendingBytes);
}

void BasicPort::on_delivery(channel::Delivery delivery) {
  if (delivery.type == wire::PayloadType::kOutput && current_ && !disconnecting_)
    current_->put(delivery.payload);
}

void BasicPort::on_connected(LocalStream&) {}

void BasicPort::on_written(LocalStream&, std::size_t) {
  drained_.notify();
  link_.pull();
}

void BasicPort::on_broken(LocalStream&, std::string_view) {
  if (current_) disconnect();
}

awaitable<void> BasicPort::drain(Event::Time limit) {
  while (current_ && current_->pending() > 0 && SteadyClock::now() < limit)
    co_await drained_.wait_until(limit);
}

void BasicPort::tell(std::string_view line) {
  if (plan_.hooks.tell) plan_.hooks.tell(line);
}

}  // namespace postern::client

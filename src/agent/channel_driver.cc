#include "agent/channel_driver.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "agent/backoff.h"
#include "agent/keep_alive.h"
#include "agent/spawn.h"
#include "base/log.h"
#include "net/timeout.h"
#include "wire/extensions.h"
#include "wire/messages.h"

namespace postern::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Then nobody waits for the session any more (data-channel.md 2.7: official clients give up far sooner).
constexpr std::chrono::minutes kGiveUpAfter{5};
// Delays stay below the limit for so long after the loss.
constexpr std::chrono::minutes kQuickFor{1};
constexpr std::chrono::milliseconds kQuickLimit{4000};
constexpr std::chrono::seconds kFarewell{2};
// The service's word in an error that the session is over (control-plane.md 4.8).
constexpr std::string_view kTerminated = "Session is already terminated";

}  // namespace

ChannelDriver::ChannelDriver(boost::asio::any_io_executor executor, Service service, Options options,
                             RoleToken role_token)
    : executor_(executor),
      service_(std::move(service)),
      options_(std::move(options)),
      role_token_(std::move(role_token)),
      channel_(channel::End::kAgent, options_.channel, clock_),
      opened_(executor),
      writer_(executor),
      send_room_(executor),
      acknowledged_(executor) {}

void ChannelDriver::start() {
  last_connected_ = SteadyClock::now();
  spawn(executor_, "data_channel", keep_connected());
  spawn(executor_, "data_channel_writer", write());
}

void ChannelDriver::send(wire::PayloadType type, ByteView payload) {
  channel_.send(type, payload);
  pump();
  // For what did not leave, and for its repetition.
  writer_.notify();
}

void ChannelDriver::send_prepared(wire::PayloadType type, std::size_t size) {
  channel_.send_prepared(type, size);
  pump();
  writer_.notify();
}

void ChannelDriver::send_then_hush(wire::PayloadType type, ByteView payload, SteadyClock::duration limit) {
  channel_.send_then_hush(type, payload, limit);
  pump();
  writer_.notify();
}

bool ChannelDriver::can_send() const {
  return channel_.can_send() && (!socket_ || socket_->queued_bytes() < options_.queue_bytes);
}

net::awaitable<void> ChannelDriver::wait_opened() {
  while (!opened_before_ && ended_.empty()) co_await opened_.wait();
}

channel::Delivery ChannelDriver::pop() {
  auto delivery = channel_.pop();
  // It may have made room for messages that are now acknowledged.
  writer_.notify();
  return delivery;
}

net::awaitable<void> ChannelDriver::keep_connected() {
  Backoff backoff;
  while (ended_.empty()) {
    auto since = SteadyClock::now();
    std::string failure;
    try {
      co_await serve_connection();
    } catch (...) {
      failure = failure_text(std::current_exception());
    }
    if (!ended_.empty()) co_return;
    if (socket_) {
      socket_.reset();
      since = SteadyClock::now();
      backoff.on_connection_lost(since - connected_at_);
      last_connected_ = since;
      log::info("data_channel_lost", {{"session", options_.session_id}, {"reason", failure}});
    } else {
      log::warning("data_channel_failed", {{"session", options_.session_id}, {"reason", failure}});
    }
    if (failure.find(kTerminated) != std::string::npos) co_return close("the service has ended the session");
    if (SteadyClock::now() - last_connected_ > kGiveUpAfter) {
      gave_up_ = true;
      co_return close("The node could not reach the service for 5 minutes.");
    }
    // A person is waiting.
    const bool lately = SteadyClock::now() - last_connected_ < kQuickFor;
    boost::asio::steady_timer pause(executor_,
                                    since + backoff.next(lately ? kQuickLimit : Backoff::kMaxLimit));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

net::awaitable<void> ChannelDriver::serve_connection() {
  socket_ = co_await open();
  connected_at_ = SteadyClock::now();
  spawn(executor_, "keep_alive", keep_alive(socket_));
  const auto socket = socket_;
  if (opened_before_) {
    channel_.on_reconnect();
    log::info("data_channel_reopened", {{"session", options_.session_id}});
  } else {
    const auto connected = wire::make_agent_session_state(wire::Stamp::fresh(clock_.now()),
                                                          wire::kSessionConnected, options_.session_id);
    socket->send(net::WsOpcode::kBinary, connected);
    log::info("data_channel_opened", {{"session", options_.session_id}});
  }
  opened_before_ = true;
  opened_.notify();
  writer_.notify();
  send_room_.notify();
  while (ended_.empty()) {
    const auto message = co_await socket->read();
    if (message.opcode == net::WsOpcode::kBinary || message.opcode == net::WsOpcode::kText)
      receive(message.payload);
  }
}

net::awaitable<std::shared_ptr<net::WebSocket>> ChannelDriver::open() {
  const auto client = co_await connect(service_);
  const auto path = "/v1/data-channel/" + options_.session_id;
  const auto sign = sign_with(service_, role_token_.credentials(), "ssmmessages");
  wire::OpenDataChannel opening;
  // Each token opens one connection.
  if (auto token = std::exchange(options_.first_token, std::nullopt)) {
    opening.token_value = std::move(*token);
  } else {
    opening.token_value = co_await create_channel(*client, path, create_data_channel_body(), sign);
  }
  opening.request_id = Uuid::random().to_string();
  opening.client_instance_id = options_.node_id;
  opening.client_id = "";
  opening.extensions = {wire::kExtensionNotice};
  std::shared_ptr<net::WebSocket> socket =
      co_await open_channel(*client, path + "?role=publish_subscribe", sign);
  const Secret text(encode_json_text(opening));
  socket->send(net::WsOpcode::kText, as_bytes(text.reveal()));
  co_return socket;
}

/// Writes what the channel has to say, as far as the connection takes it.
void ChannelDriver::pump() {
  const auto socket = socket_;
  if (!socket || !socket->is_open()) return;
  while (socket->queued_bytes() < options_.queue_bytes) {
    const auto message = channel_.poll(SteadyClock::now());
    if (!message) break;
    socket->send(net::WsOpcode::kBinary, *message);
  }
  socket->flush();
  if (can_send()) send_room_.notify();
}

net::awaitable<void> ChannelDriver::write() {
  for (;;) {
    pump();
    const auto socket = socket_;
    if (!socket || !socket->is_open()) {
      co_await writer_.wait();
    } else if (socket->queued_bytes() >= options_.queue_bytes) {
      co_await socket->room(options_.queue_bytes);
    } else {
      co_await writer_.wait(channel_.next_wakeup().value_or(SteadyClock::time_point::max()));
    }
  }
}

void ChannelDriver::receive(ByteView message) {
  const auto used = channel_.on_message(message, SteadyClock::now());
  if (!used) {
    log::debug("data_message_refused",
               {{"session", options_.session_id}, {"reason", channel::to_string(used.error())}});
  }
  if (on_input && channel_.front() != nullptr) on_input();
  if (auto notice = channel_.take_notice(); notice && on_notice) on_notice(*notice);
  writer_.notify();
  acknowledged_.notify();
  if (can_send()) send_room_.notify();
  if (channel_.closed()) close("closed by the service");
}

void ChannelDriver::close(std::string why) {
  if (!ended_.empty()) return;
  ended_ = std::move(why);
  opened_.notify();
  send_room_.notify();
  acknowledged_.notify();
  if (on_ended) on_ended();
}

net::awaitable<void> ChannelDriver::drain(SteadyClock::duration stall, SteadyClock::duration limit) {
  const auto last = SteadyClock::now() + limit;
  auto kept = channel_.sender().kept_bytes();
  auto stalls = SteadyClock::now() + stall;
  while (!channel_.all_acknowledged() && ended_.empty()) {
    const auto deadline = std::min(stalls, last);
    if (SteadyClock::now() >= deadline) co_return;
    co_await acknowledged_.wait(deadline);
    // A client that is away may be back in time.
    if (channel_.paused() || channel_.sender().kept_bytes() < kept) stalls = SteadyClock::now() + stall;
    kept = channel_.sender().kept_bytes();
  }
}

net::awaitable<void> ChannelDriver::finish(std::string reason) {
  const auto socket = socket_;
  if (ended_.empty()) ended_ = "finished";
  if (!socket || !socket->is_open()) co_return;
  const auto state = wire::make_agent_session_state(wire::Stamp::fresh(clock_.now()),
                                                    wire::kSessionTerminating, options_.session_id, reason);
  socket->send(net::WsOpcode::kBinary, state);
  try {
    co_await net::with_timeout(socket->room(1), kFarewell);
    socket->shutdown_send();
  } catch (const boost::system::system_error&) {
    // A service that takes nothing learns it from the control channel, or from the end of the connection.
  }
}

}  // namespace postern::agent

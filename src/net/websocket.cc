#include "net/websocket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.h"
#include "net/error.h"
#include "net/timeout.h"
#include "net/ws_frame.h"
#include "net/ws_inbox.h"
#include "net/ws_outbox.h"

namespace postern::net {
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using SteadyClock = std::chrono::steady_clock;

namespace {

/// From this size on a message is forwarded in place. Smaller ones are better gathered.
constexpr std::size_t kForwardInPlaceBytes = 16 * 1024;

/// How long a Close may take to leave before the connection is dropped without it.
constexpr auto kCloseLimit = std::chrono::seconds(1);

std::uint16_t close_code(Errc violation) {
  switch (violation) {
    case Errc::kWsBadText:
      return 1007;
    case Errc::kWsTooBig:
      return 1009;
    default:
      return 1002;
  }
}

}  // namespace

/// Shared with the coroutines under way, so that none of them outlives what it works on.
struct WebSocket::State {
  State(std::unique_ptr<Stream> from, WsRole role, Bytes leftover, const WsLimits& limits)
      : stream(std::move(from)),
        inbox(role, limits.max_message_bytes, std::move(leftover)),
        outbox(role),
        progress(stream->executor(), SteadyClock::time_point::max()),
        last_received(SteadyClock::now()) {}

  /// A write ended: whoever waits for room looks again.
  void wake() { progress.cancel(); }

  void close() noexcept {
    open = false;
    stream->close();
    wake();
  }

  std::size_t queued() const { return outbox.bytes() + batch.size() - sent; }

  /// Whether there is something to write; it is then in `batch`, from `sent` on.
  bool next_batch() {
    if (sent == batch.size()) {
      batch = outbox.take();
      sent = 0;
    }
    return sent < batch.size();
  }

  void flush() noexcept {
    while (open && !blocked && next_batch()) {
      sent += stream->try_write(ByteView(batch).subspan(sent));
      if (sent < batch.size()) return;
      wake();
    }
  }

  std::unique_ptr<Stream> stream;
  WsInbox inbox;
  WsOutbox outbox;
  /// What is leaving. A part that the transport has taken once is offered to it again as it was.
  Bytes batch;
  std::size_t sent = 0;
  /// A write is scheduled or under way.
  bool writing = false;
  /// It waits for the transport.
  bool blocked = false;
  bool open = true;
  /// No frame is accepted any more, and the stream's direction ends once the queue is empty.
  bool ending = false;
  /// Why the connection broke, when a write noticed first.
  error_code write_failure;
  asio::steady_timer progress;
  SteadyClock::time_point last_received;

  static awaitable<void> write(std::shared_ptr<State> self);
  static void start_writing(const std::shared_ptr<State>& self);
  static void wait_and_write(const std::shared_ptr<State>& self);
  static void finish_writing(const std::shared_ptr<State>& self);
  static awaitable<void> fill(std::shared_ptr<State> self);
  static awaitable<Message> read(std::shared_ptr<State> self);
  static awaitable<void> wait_for_progress(std::shared_ptr<State> self);
  static awaitable<void> wait_until_queued_below(std::shared_ptr<State> self, std::size_t limit);
  static awaitable<void> flush(std::shared_ptr<State> self);
};

/// Runs while the transport is slower than what is sent.
awaitable<void> WebSocket::State::write(std::shared_ptr<State> self) {
  while (self->open && self->next_batch()) {
    co_await self->stream->write_all(ByteView(self->batch).subspan(self->sent));
    self->sent = self->batch.size();
    self->wake();
  }
}

/// Writes with the next turn of the executor, so that everything sent within one turn leaves together.
void WebSocket::State::start_writing(const std::shared_ptr<State>& self) {
  if (self->writing || !self->open) return;
  self->writing = true;
  asio::post(self->stream->executor(), [self] {
    self->flush();
    if (!self->open || !self->next_batch()) return finish_writing(self);
    self->blocked = true;
    wait_and_write(self);
  });
}

void WebSocket::State::finish_writing(const std::shared_ptr<State>& self) {
  self->writing = false;
  if (!self->open) return;
  if (!self->outbox.empty()) return start_writing(self);
  if (self->ending) self->stream->shutdown_send();
}

void WebSocket::State::wait_and_write(const std::shared_ptr<State>& self) {
  asio::co_spawn(self->stream->executor(), write(self), [self](const std::exception_ptr& failure) {
    self->blocked = false;
    if (!failure) return finish_writing(self);
    self->writing = false;
    try {
      std::rethrow_exception(failure);
    } catch (const system_error& error) {
      if (self->open) self->write_failure = error.code();
    } catch (const std::exception& error) {
      log::error("websocket_write_threw", {{"what", error.what()}});
    }
    self->close();
  });
}

awaitable<void> WebSocket::State::wait_for_progress(std::shared_ptr<State> self) {
  if (!self->open) co_return;
  co_await self->progress.async_wait(asio::as_tuple(asio::use_awaitable));
  const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
  if (cancelled != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
}

awaitable<void> WebSocket::State::wait_until_queued_below(std::shared_ptr<State> self, std::size_t limit) {
  while (self->open && self->queued() >= limit) co_await wait_for_progress(self);
}

/// Waits for a Close to leave, but not long: the peer may not be reading.
awaitable<void> WebSocket::State::flush(std::shared_ptr<State> self) {
  try {
    co_await with_timeout(wait_until_queued_below(self, 1), kCloseLimit);
  } catch (const system_error& error) {
    if (error.code() != asio::error::timed_out) throw;
  }
}

awaitable<void> WebSocket::State::fill(std::shared_ptr<State> self) {
  if (self->inbox.empty() && !self->stream->has_pending()) {
    self->inbox.release();
    co_await self->stream->wait_readable();
  }
  const auto space = self->inbox.space();
  const auto size = co_await self->stream->read_some(space);
  if (size == 0) throw system_error(asio::error::eof);
  self->inbox.received(size);
  self->last_received = SteadyClock::now();
}

awaitable<WebSocket::Message> WebSocket::State::read(std::shared_ptr<State> self) {
  for (;;) {
    if (!self->open)
      throw system_error(self->write_failure ? self->write_failure : asio::error::operation_aborted);
    const auto next = self->inbox.next();
    if (!next) {
      std::array<std::uint8_t, 2> payload;
      store_be(payload.data(), close_code(next.error()));
      self->outbox.close_now(payload);
      start_writing(self);
      co_await flush(self);
      self->close();
      throw system_error(next.error());
    }
    if (*next) {
      const auto message = **next;
      if (message.opcode == WsOpcode::kPing && !self->ending) {
        self->outbox.answer_ping(message.payload);
        start_writing(self);
      } else if (message.opcode == WsOpcode::kClose && !self->ending) {
        // The same code and no reason, as the usual libraries do.
        self->outbox.close_now(message.payload.first(std::min<std::size_t>(message.payload.size(), 2)));
        start_writing(self);
        co_await flush(self);
      }
      co_return message;
    }
    error_code failure;
    try {
      co_await fill(self);
    } catch (const system_error& error) {
      failure = error.code();
    }
    if (!failure) continue;
    // The official programs end by dropping TCP, without close_notify (data-channel.md 2.6): a normal end.
    if (failure == Errc::kTlsTruncated) failure = asio::error::eof;
    if (self->write_failure) failure = self->write_failure;
    throw system_error(failure);
  }
}

WebSocket::WebSocket(std::unique_ptr<Stream> stream, WsRole role, Bytes leftover, WsLimits limits)
    : state_(std::make_shared<State>(std::move(stream), role, std::move(leftover), limits)) {}

WebSocket::~WebSocket() {
  state_->close();
}

awaitable<WebSocket::Message> WebSocket::read() {
  return State::read(state_);
}

void WebSocket::send(WsOpcode opcode, ByteView head, ByteView tail) {
  if (!state_->open || state_->ending) return;
  state_->outbox.add(opcode, head, tail);
  State::start_writing(state_);
}

void WebSocket::forward(WebSocket& from, const Message& message) {
  auto& state = *state_;
  if (!state.open || state.ending) return;
  // Only a server's frames, which have no mask, are smaller than those they were read from; and nothing may
  // be waiting before this one.
  std::span<std::uint8_t> bytes;
  const auto header_bytes = ws_header_bytes(message.payload.size());
  if (message.payload.size() >= kForwardInPlaceBytes && state.outbox.role() == WsRole::kServer &&
      !state.blocked && state.queued() == 0) {
    bytes = from.state_->inbox.message_with_headroom(header_bytes);
  }
  if (bytes.empty()) return send(message.opcode, message.payload);
  write_ws_header(bytes.first(header_bytes), {.opcode = static_cast<std::uint8_t>(message.opcode),
                                              .payload_bytes = message.payload.size()});
  const auto taken = state.stream->try_write(bytes);
  if (taken == bytes.size()) return;
  // What the transport has begun to take is offered to it again as it was.
  state.batch.assign(bytes.begin() + static_cast<std::ptrdiff_t>(taken), bytes.end());
  state.sent = 0;
  State::start_writing(state_);
}

void WebSocket::ping_behind(ByteView payload) {
  if (!state_->open || state_->ending) return;
  state_->outbox.add_ping_behind(payload);
  State::start_writing(state_);
}

void WebSocket::flush() noexcept {
  state_->flush();
}

bool WebSocket::has_message() const {
  return state_->inbox.has_frame();
}

std::size_t WebSocket::queued_bytes() const {
  return state_->queued();
}

awaitable<void> WebSocket::room(std::size_t limit) {
  return State::wait_until_queued_below(state_, limit);
}

awaitable<void> WebSocket::progress() {
  return State::wait_for_progress(state_);
}

void WebSocket::nudge() {
  state_->wake();
}

void WebSocket::shutdown_send() noexcept {
  if (state_->ending || !state_->open) return;
  state_->ending = true;
  if (!state_->writing) state_->stream->shutdown_send();
}

void WebSocket::close() noexcept {
  state_->close();
}

bool WebSocket::is_open() const {
  return state_->open;
}

std::string WebSocket::peer_address() const {
  return state_->stream->peer_address();
}

asio::any_io_executor WebSocket::executor() {
  return state_->stream->executor();
}

std::chrono::steady_clock::time_point WebSocket::last_received() const {
  return state_->last_received;
}

}  // namespace postern::net

#include "client/session/session_link.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>

#include "aws/form.h"
#include "base/random.h"
#include "base/uuid.h"
#include "net/error.h"
#include "net/timeout.h"
#include "wire/extensions.h"
#include "wire/payloads.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

// Data-channel.md 2.5: load balancers cut silent connections after 60 s.
constexpr std::chrono::seconds kPingInterval{30};
constexpr std::chrono::seconds kDeadAfter{60};
constexpr std::chrono::seconds kAnnounceAfter{3};
// A connection that lived this long was a good one: the next failure is the first again.
constexpr std::chrono::seconds kStable{10};
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};
// As many as the official client makes for a session that never came up.
constexpr int kFirstConnectionTries = 6;
// Enough to fill a write; what is beyond stays in the channel, where acknowledgements come first.
constexpr std::size_t kSocketQueueBytes = 64 * 1024;
// In bulk, several payloads share a write.
constexpr std::size_t kBulkSocketQueueBytes = 256 * 1024;

std::unexpected<SessionEnd> ended(SessionEnd::Kind kind, std::string text = {}) {
  return std::unexpected(SessionEnd{kind, std::move(text)});
}

}  // namespace

bool is_presigned(std::string_view target) {
  constexpr std::array<std::string_view, 7> kMembers = {
      "X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",          "X-Amz-Expires",
      "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Security-Token"};
  const auto question = target.find('?');
  if (question == std::string_view::npos) return false;
  const auto members = aws::parse_form(target.substr(question + 1));
  return members &&
         std::ranges::any_of(kMembers, [&](auto name) { return members->contains(std::string(name)); });
}

SessionLink::SessionLink(const asio::any_io_executor& executor, SessionTicket ticket,
                         const Settings& settings, ApiClient& api, const net::TlsClientContext& tls,
                         const Clock& clock, Hooks hooks)
    : ticket_(std::move(ticket)),
      settings_(settings),
      api_(api),
      tls_(tls),
      clock_(clock),
      hooks_(std::move(hooks)),
      client_id_(Uuid::random().to_string()),
      channel_(channel::End::kClient, {}, clock),
      socket_queue_bytes_(kSocketQueueBytes),
      wakeup_(executor),
      outage_changed_(executor) {}

awaitable<SessionEnd> SessionLink::run() {
  const auto executor = co_await asio::this_coro::executor;
  auto connection = asio::co_spawn(executor, stay_connected(), asio::deferred);
  auto writer = asio::co_spawn(executor, write(), asio::deferred);
  auto announcer = asio::co_spawn(executor, announce_outages(), asio::deferred);
  auto group =
      asio::experimental::make_parallel_group(std::move(connection), std::move(writer), std::move(announcer));
  auto [order, failure, end, writer_failure, announcer_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  for (const auto& thrown : {failure, writer_failure, announcer_failure}) {
    if (order[0] != 0 && thrown) std::rethrow_exception(thrown);
  }
  if (failure) std::rethrow_exception(failure);
  co_return end;
}

awaitable<SessionEnd> SessionLink::stay_connected() {
  for (;;) {
    std::shared_ptr<net::WebSocket> socket;
    std::string problem;
    bool refused = false;
    try {
      socket = co_await open(ticket_.token, ticket_.stream_url);
    } catch (const net::UpgradeRefused& failure) {
      problem = failure.what();
      refused = failure.response().status < 500;
    } catch (const std::exception& failure) {
      problem = net::describe(failure);
    }
    if (socket) {
      const auto since = SteadyClock::now();
      co_await use(std::move(socket));
      if (channel_.closed())
        co_return SessionEnd{SessionEnd::Kind::kClosed, channel_.closed()->output.value_or("")};
      if (SteadyClock::now() - since > kStable) failures_ = 0;
    }
    ++failures_;
    if (!was_connected_) {
      if (refused || failures_ >= kFirstConnectionTries)
        co_return SessionEnd{SessionEnd::Kind::kFailed, problem};
      co_await pause_before_retry();
      continue;
    }
    if (!away_since_) away_since_ = SteadyClock::now();
    outage_changed_.notify();
    auto grant = co_await resume();
    if (!grant) co_return std::move(grant.error());
    ticket_.token = std::move(*grant->token_value);
    if (grant->stream_url && !grant->stream_url->empty()) ticket_.stream_url = *grant->stream_url;
  }
}

awaitable<std::shared_ptr<net::WebSocket>> SessionLink::open(Secret token, std::string stream_url) {
  auto url = net::Url::parse(stream_url);
  if (!url)
    throw net::NetError(boost::system::errc::make_error_code(boost::system::errc::invalid_argument),
                        "StreamUrl: " + url.error());
  // The connection that carried the API call saves two round trips.
  auto connection = api_.take_connection_to(*url);
  if (!connection) {
    net::DialOptions options;
    options.tls = &tls_;
    connection = co_await net::HttpClient::connect(*url, options);
  }
  net::Headers headers;
  if (settings_.credentials && !is_presigned(url->target)) {
    const aws::HeaderList host = {{"Host", url->authority()}};
    const aws::SignableRequest request{"GET", url->target, host, ""};
    for (auto& [name, value] :
         aws::sign_request(request, *settings_.credentials, settings_.region, "ssmmessages", clock_.now())) {
      headers.add(std::move(name), std::move(value));
    }
  }
  std::shared_ptr<net::WebSocket> socket = co_await connection->upgrade(url->target, std::move(headers));
  wire::OpenDataChannel opening;
  opening.request_id = Uuid::random().to_string();
  opening.token_value = std::move(token);
  opening.client_id = client_id_;
  opening.client_version = kPluginVersion;
  opening.extensions = {wire::kExtensionNotice};
  socket->send(net::WsOpcode::kText, as_bytes(encode_json_text(opening)));
  co_return socket;
}

awaitable<void> SessionLink::use(std::shared_ptr<net::WebSocket> socket) {
  if (was_connected_) channel_.on_reconnect();
  was_connected_ = true;
  socket_ = socket;
  away_since_.reset();
  outage_changed_.notify();
  wake();
  const auto executor = co_await asio::this_coro::executor;
  auto reader = asio::co_spawn(executor, read_from(socket), asio::deferred);
  auto keeper = asio::co_spawn(executor, keep_alive(socket), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(reader), std::move(keeper));
  // However the reader ended, what follows is the same: the session was closed, or the connection is lost.
  co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  socket_.reset();
  socket->close();
}

awaitable<void> SessionLink::read_from(std::shared_ptr<net::WebSocket> socket) {
  while (!channel_.closed()) {
    const auto message = co_await socket->read();
    // A Close means a lost connection, whatever its code (2.6); the next read says so. Official peers take
    // text for binary.
    if (message.opcode != net::WsOpcode::kText && message.opcode != net::WsOpcode::kBinary) continue;
    // A message that can't be used changes nothing; if it was a stream message its sender repeats it.
    static_cast<void>(channel_.on_message(message.payload, SteadyClock::now()));
    hooks_.received();
    wake();
  }
}

awaitable<void> SessionLink::keep_alive(std::shared_ptr<net::WebSocket> socket) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(kPingInterval);
    co_await timer.async_wait(asio::use_awaitable);
    if (SteadyClock::now() - socket->last_received() >= kDeadAfter) co_return;
    socket->send(net::WsOpcode::kPing, as_bytes("keepalive"));
  }
}

awaitable<std::expected<SessionGrant, SessionEnd>> SessionLink::resume() {
  for (;;) {
    co_await pause_before_retry();
    auto grant = co_await api_.ask<SessionGrant>("ResumeSession", SessionReference{ticket_.session_id});
    if (grant) {
      if (!grant->token_value || grant->token_value->empty()) co_return ended(SessionEnd::Kind::kTimedOut);
      co_return std::move(*grant);
    }
    if (!is_transient(grant.error())) co_return ended(SessionEnd::Kind::kFailed, explain(grant.error()));
    ++failures_;
  }
}

/// The first pause is short, since most breaks are; with jitter, because a service's restart breaks all of
/// its sessions at once.
awaitable<void> SessionLink::pause_before_retry() {
  const auto doublings = std::clamp(failures_ - 1, 0, 6);
  const auto longest = std::min(kFirstPause * (1 << doublings), kLongestPause);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(
      std::chrono::milliseconds(random_below(static_cast<std::uint64_t>(longest.count()) + 1)));
  co_await timer.async_wait(asio::use_awaitable);
}

/// Writes what the channel has to say, as far as the connection takes it.
void SessionLink::pump() {
  const auto socket = socket_;
  if (!socket || !socket->is_open()) return;
  while (socket->queued_bytes() < socket_queue_bytes_) {
    const auto message = channel_.poll(SteadyClock::now());
    if (!message) break;
    socket->send(net::WsOpcode::kBinary, *message);
  }
  socket->flush();
}

void SessionLink::wake() {
  pump();
  // For what did not leave, and for its repetition.
  wakeup_.notify();
}

void SessionLink::pull() {
  hooks_.received();
  wake();
}

awaitable<void> SessionLink::settle(std::chrono::steady_clock::duration limit) {
  const auto socket = socket_;
  if (!socket || !socket->is_open()) co_return;
  while (const auto message = channel_.poll(SteadyClock::now() + channel::DataChannel::kAckDelay))
    socket->send(net::WsOpcode::kBinary, *message);
  socket->flush();
  try {
    co_await net::with_timeout(socket->room(1), limit);
  } catch (const boost::system::system_error&) {
    // The node waits for them a little, and then gives up by itself.
  }
}

void SessionLink::use_bulk() {
  channel_.use_bulk();
  socket_queue_bytes_ = kBulkSocketQueueBytes;
}

awaitable<void> SessionLink::write() {
  for (;;) {
    pump();
    const auto socket = socket_;
    auto until = Event::Time::max();
    if (socket && socket->is_open()) {
      if (socket->queued_bytes() >= socket_queue_bytes_) {
        co_await socket->room(socket_queue_bytes_);
        continue;
      }
      until = channel_.next_wakeup().value_or(until);
    }
    co_await wakeup_.wait_until(until);
  }
}

awaitable<void> SessionLink::announce_outages() {
  for (;;) {
    while (!away_since_) co_await outage_changed_.wait();
    while (away_since_ && SteadyClock::now() < *away_since_ + kAnnounceAfter) {
      co_await outage_changed_.wait_until(*away_since_ + kAnnounceAfter);
    }
    if (!away_since_) continue;
    hooks_.away();
    while (away_since_) co_await outage_changed_.wait();
    hooks_.back();
  }
}

}  // namespace postern::client

#include "client/port/mux_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <stdexcept>

#include "base/json_codec.h"
#include "wire/extensions.h"
#include "wire/payloads.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

// data-channel.md 8.3: what an official agent takes best.
constexpr std::size_t kOfficialPayloadBytes = 32 * 1024;
// Then other connections get a turn.
constexpr int kReadsInARow = 8;
// Local clients that have connected and not said what they want; the oldest makes room.
constexpr std::size_t kMaxNegotiating = 256;
constexpr std::string_view kListenerTarget = "listener:";

/// What the node says about a listener of -R.
struct ListenerState {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::size_t listener = 0;
  std::optional<std::uint16_t> port;
  std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(ListenerState, (), (listener, port, error))

channel::MuxDialect dialect_for(const SessionFacts& facts) {
  return channel::contains(facts.agreed, wire::kExtensionMuxFlow) ? channel::MuxDialect::kFlow
                                                                  : channel::MuxDialect::kSmux;
}

std::optional<std::size_t> listener_index(std::string_view target) {
  if (!target.starts_with(kListenerTarget)) return std::nullopt;
  target.remove_prefix(kListenerTarget.size());
  std::size_t index = 0;
  const auto* end = target.data() + target.size();
  const auto [stop, problem] = std::from_chars(target.data(), end, index);
  return !target.empty() && problem == std::errc() && stop == end ? std::optional(index) : std::nullopt;
}

}  // namespace

struct MuxPort::Connection final : LocalStream {
  using LocalStream::LocalStream;

  /// 0 until the stream is open.
  std::uint32_t id = 0;
  std::string label;
  /// While a SOCKS client negotiates, and until the node has answered.
  std::optional<Socks5> socks;
  /// The node opened it, for one of its listeners.
  bool from_node = false;
  bool accepted = false;
  bool blocked = false;
  bool local_ended = false;
  bool peer_ended = false;
};

MuxPort::MuxPort(const asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                 PortPlan plan)
    : executor_(executor),
      link_(link),
      mux_(channel::MuxRole::kClient, dialect_for(facts), *this),
      plan_(std::move(plan)),
      signals_(executor),
      max_data_bytes_(flow() ? channel::Mux::kMaxFrameDataBytes
                             : kOfficialPayloadBytes - channel::Mux::kFrameHeaderBytes),
      failed_(executor),
      drained_(executor) {
  add_stop_signals(signals_, plan_.on_suspend);
}

MuxPort::~MuxPort() {
  // A program that was cut off in the middle must not take it for the end.
  for (auto& [id, connection] : connections_) {
    connection->detach();
    connection->abort();
  }
  for (auto& connection : negotiating_) {
    connection->detach();
    connection->close();
  }
}

awaitable<Parting> MuxPort::run() {
  auto signalled = signals_.async_wait(asio::deferred);
  auto failed = asio::co_spawn(executor_, wait_for_failure(), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(signalled), std::move(failed));
  auto [order, ec, signal, thrown] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!failure_.empty()) throw std::runtime_error(failure_);
  if (plan_.hooks.interrupted) plan_.hooks.interrupted();
  co_return Parting::kTerminate;
}

awaitable<void> MuxPort::wait_for_failure() {
  while (failure_.empty()) co_await failed_.wait();
}

void MuxPort::on_started(Start) {
  for (auto& local : plan_.local)
    local.listener.start([this, &local](LocalSocket socket) { take_local(std::move(socket), local); });
  for (auto& listener : plan_.dynamic)
    listener.start([this](LocalSocket socket) { take_socks(std::move(socket)); });
  if (plan_.hooks.ready) plan_.hooks.ready();
}

void MuxPort::take_local(LocalSocket socket, const PortPlan::Local& local) {
  first_connection();
  auto connection = std::make_shared<Connection>(std::move(socket), as_owner());
  connection->label = local.label;
  if (!open(connection, local.target)) return;
  // What it has to say may follow the request at once.
  connection->want_read();
}

bool MuxPort::open(const std::shared_ptr<Connection>& connection, std::string_view target) {
  const auto id = mux_.open(target);
  if (!id) {
    connection->abort();
    refused(connection->label, fmt::format("{} connections are open already", channel::Mux::kMaxStreams));
    return false;
  }
  connection->id = *id;
  connection->accepted = !flow();
  connections_.emplace(*id, connection);
  flush();
  return true;
}

void MuxPort::take_socks(LocalSocket socket) {
  first_connection();
  if (negotiating_.size() >= kMaxNegotiating) {
    negotiating_.front()->detach();
    negotiating_.front()->abort();
    negotiating_.pop_front();
  }
  auto connection = std::make_shared<Connection>(std::move(socket), as_owner());
  connection->socks.emplace();
  negotiating_.push_back(connection);
  connection->want_read();
}

void MuxPort::negotiate(Connection& connection) {
  std::array<std::uint8_t, Socks5::kMaxNeededBytes> bytes;
  const auto read = connection.read_some(std::span(bytes).first(connection.socks->needed()));
  if (read.kind == LocalStream::Read::Kind::kNothing) return connection.want_read();
  const auto self = std::static_pointer_cast<Connection>(connection.shared_from_this());
  if (read.kind != LocalStream::Read::Kind::kBytes) {
    negotiating_.remove(self);
    connection.detach();
    return connection.close();
  }
  auto step = connection.socks->feed(std::span(bytes).first(read.size));
  connection.put(step.reply);
  if (!step.failure.empty()) {
    negotiating_.remove(self);
    connection.detach();
    connection.close_when_written();
    return tell(step.failure);
  }
  if (!step.destination) return connection.want_read();
  negotiating_.remove(self);
  connection.label = *step.destination;
  open(self, "tcp:" + *step.destination);
}

void MuxPort::on_readable(LocalStream& stream) {
  auto& connection = static_cast<Connection&>(stream);
  if (connection.id == 0) return negotiate(connection);
  upload(connection);
}

void MuxPort::upload(Connection& connection) {
  const auto self = connection.shared_from_this();
  auto& channel = link_.channel();
  for (int reads = 0; reads < kReadsInARow; ++reads) {
    if (!connection.is_open() || connection.local_ended) return flush();
    const auto window = mux_.send_window(connection.id);
    // on_window() comes back to it.
    if (window == 0) return flush();
    if (!channel.can_send()) {
      if (!std::exchange(connection.blocked, true))
        blocked_.push_back(std::static_pointer_cast<Connection>(self));
      return flush();
    }
    send_control();
    constexpr auto kHeader = channel::Mux::kFrameHeaderBytes;
    const auto room = channel.prepare(kHeader + max_data_bytes_);
    const auto read = connection.read_some(room.subspan(kHeader, std::min(window, max_data_bytes_)));
    switch (read.kind) {
      case LocalStream::Read::Kind::kNothing:
        connection.want_read();
        return flush();
      case LocalStream::Read::Kind::kEnd:
        return on_local_end(connection);
      case LocalStream::Read::Kind::kBroken:
        return on_broken(connection, read.reason);
      case LocalStream::Read::Kind::kBytes:
        mux_.frame(connection.id, read.size, room.first<kHeader>());
        channel.send_prepared(wire::PayloadType::kOutput, kHeader + read.size);
    }
  }
  flush();
  connection.want_read();
}

void MuxPort::on_local_end(Connection& connection) {
  connection.local_ended = true;
  mux_.end(connection.id);
  // An official agent closes the whole connection; what would still come, it throws away (6.7).
  if (!flow()) {
    drop(connection);
    return flush();
  }
  finish_if_over(connection);
  flush();
}

void MuxPort::finish_if_over(Connection& connection) {
  if (connection.pending() > 0 || !connection.peer_ended) return;
  if (!flow()) mux_.end(connection.id);
  if (flow() && !connection.local_ended) return connection.end();
  drop(connection);
}

void MuxPort::drop(Connection& connection) {
  const auto self = connection.shared_from_this();
  connections_.erase(connection.id);
  connection.detach();
  connection.close_when_written();
  drained_.notify();
}

void MuxPort::on_connected(LocalStream& stream) {
  auto& connection = static_cast<Connection&>(stream);
  connection.accepted = true;
  mux_.accept(connection.id);
  flush();
  connection.want_read();
}

void MuxPort::on_written(LocalStream& stream, std::size_t size) {
  auto& connection = static_cast<Connection&>(stream);
  mux_.consumed(connection.id, size);
  if (connection.pending() == 0) finish_if_over(connection);
  drained_.notify();
  send_control();
  // What waited for room may come in now; without windows that is the channel's own.
  link_.pull();
}

void MuxPort::on_broken(LocalStream& stream, std::string_view reason) {
  auto& connection = static_cast<Connection&>(stream);
  if (connection.id == 0) {
    negotiating_.remove(std::static_pointer_cast<Connection>(connection.shared_from_this()));
    return;
  }
  if (connection.from_node && !connection.accepted) refused(connection.label, reason);
  mux_.reset(connection.id, reason);
  const auto self = connection.shared_from_this();
  connections_.erase(connection.id);
  connection.detach();
  connection.close();
  drained_.notify();
  flush();
}

std::shared_ptr<MuxPort::Connection> MuxPort::find(std::uint32_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void MuxPort::on_open(std::uint32_t id, std::string_view target) {
  const auto index = listener_index(target);
  if (!index || *index >= plan_.remote.size()) return mux_.reset(id, "there is no such listener");
  const auto& remote = plan_.remote[*index];
  auto connection = std::make_shared<Connection>(executor_, as_owner());
  connection->id = id;
  connection->from_node = true;
  connection->label = remote.to.to_string();
  connections_.emplace(id, connection);
  connection->connect(remote.to);
}

void MuxPort::on_accept(std::uint32_t id) {
  const auto connection = find(id);
  if (!connection) return;
  connection->accepted = true;
  if (connection->socks) {
    connection->socks.reset();
    connection->put(Socks5::success());
  }
  connection->want_read();
}

void MuxPort::on_data(std::uint32_t id, ByteView data) {
  const auto connection = find(id);
  const auto taken = connection ? connection->put(data) : data.size();
  if (taken > 0) mux_.consumed(id, taken);
}

void MuxPort::on_end(std::uint32_t id) {
  const auto connection = find(id);
  if (!connection) return mux_.end(id);
  connection->peer_ended = true;
  finish_if_over(*connection);
}

void MuxPort::on_reset(std::uint32_t id, std::string_view reason) {
  const auto connection = find(id);
  if (!connection) return;
  connections_.erase(id);
  connection->detach();
  drained_.notify();
  if (!connection->accepted) refused(connection->label, reason);
  if (!connection->socks) return connection->abort();
  connection->put(Socks5::failure(reason));
  connection->close_when_written();
}

void MuxPort::on_window(std::uint32_t id) {
  const auto connection = find(id);
  if (connection && connection->id != 0 && !connection->socks) connection->want_read();
}

void MuxPort::on_control(std::string_view text) {
  const auto state = decode_json_text<ListenerState>(text);
  if (!state || state->listener >= plan_.remote.size()) return;
  if (state->error)
    return fail(
        fmt::format("the node can't listen on {}: {}", plan_.remote[state->listener].label, *state->error));
  if (state->port && plan_.hooks.remote_ready) plan_.hooks.remote_ready(state->listener, *state->port);
}

void MuxPort::on_delivery(channel::Delivery delivery) {
  if (delivery.type == wire::PayloadType::kFlag) {
    const auto flag = wire::decode_flag(delivery.payload);
    if (flag == wire::Flag::kConnectToPortError) refused({}, {});
    return;
  }
  if (delivery.type == wire::PayloadType::kOutput && failure_.empty()) feed(delivery.payload);
}

std::size_t MuxPort::on_payload(wire::PayloadType type, ByteView payload) {
  if (type != wire::PayloadType::kOutput || !failure_.empty()) return 0;
  feed(payload);
  return payload.size();
}

void MuxPort::feed(ByteView payload) {
  const auto taken = mux_.on_bytes(payload);
  if (!taken) fail(std::string(to_string(taken.error())));
  send_control();
}

void MuxPort::on_progress() {
  auto waiting = std::exchange(blocked_, {});
  for (const auto& weak : waiting) {
    const auto connection = weak.lock();
    if (!connection) continue;
    connection->blocked = false;
    upload(*connection);
  }
}

awaitable<void> MuxPort::drain(Event::Time limit) {
  const auto pending = [this] {
    return std::ranges::any_of(connections_, [](const auto& entry) { return entry.second->pending() > 0; });
  };
  while (pending() && SteadyClock::now() < limit) co_await drained_.wait_until(limit);
}

void MuxPort::first_connection() {
  if (!std::exchange(connected_before_, true) && plan_.hooks.connected) plan_.hooks.connected();
}

void MuxPort::refused(std::string_view to, std::string_view reason) {
  if (plan_.hooks.refused) plan_.hooks.refused(to, reason);
}

void MuxPort::tell(std::string_view line) {
  if (plan_.hooks.tell) plan_.hooks.tell(line);
}

void MuxPort::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  failed_.notify();
}

void MuxPort::send_control() {
  while (mux_.has_control()) link_.channel().send(wire::PayloadType::kOutput, mux_.take_control());
}

void MuxPort::flush() {
  send_control();
  link_.wake();
}

}  // namespace postern::client

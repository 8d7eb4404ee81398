#include "client/session/session.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <stdexcept>

#include "client/session/signals.h"
#include "net/timeout.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kDrainLimit{10};
constexpr std::chrono::seconds kTerminateLimit{3};
constexpr std::chrono::seconds kFlagLimit{2};
// An official agent loses input that comes right behind its HandshakeComplete (data-channel.md 5.4).
constexpr std::chrono::milliseconds kAgentStartGap{10};
// Agents above it understand Flag 2 in port sessions (6.6).
constexpr std::string_view kNoTerminateFlag = "2.3.722.0";

channel::Extensions supported_extensions() {
  return {wire::kExtensionBulk, wire::kExtensionMuxFlow, wire::kExtensionCommandInput,
          wire::kExtensionPortInputEnd};
}

bool is_terminal(std::string_view session_type) {
  return session_type == wire::kStandardStream || session_type == wire::kInteractiveCommands;
}

using Version = std::array<unsigned, 4>;
std::optional<Version> parse_version(std::string_view text) {
  Version version{};
  const auto* at = text.data();
  const auto* const end = text.data() + text.size();
  for (std::size_t i = 0; i < version.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, problem] = std::from_chars(at, end, version[i]);
    if (problem != std::errc()) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

}  // namespace

bool is_newer(std::string_view version, std::string_view bound) {
  const auto left = parse_version(version);
  const auto right = parse_version(bound);
  return left && right && *left > *right;
}

Session::Session(const asio::any_io_executor& executor, SessionTicket ticket, const Settings& settings,
                 ApiClient& api, const net::TlsClientContext& tls, const Clock& clock, KindFactory factory,
                 Expect expect)
    : executor_(executor),
      session_id_(ticket.session_id),
      settings_(settings),
      tls_(tls),
      clock_(clock),
      factory_(std::move(factory)),
      link_(executor, std::move(ticket), settings, api, tls, clock,
            {.received = [this] { take_deliveries(); },
             .away = [this] { tell_outage(Outage::kBegins); },
             .back = [this] { tell_outage(Outage::kIsOver); }}),
      handshake_(kPluginVersion, supported_extensions()),
      expect_(expect),
      gap_(executor),
      kind_changed_(executor),
      progress_(executor) {
  link_.channel().set_consumer(this);
  if (expect == Expect::kTerminal) make_kind();
}

awaitable<SessionEnd> Session::run() {
  auto receiver = asio::co_spawn(executor_, receive(), asio::deferred);
  auto leader = asio::co_spawn(executor_, lead(), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(receiver), std::move(leader));
  auto [order, failure, end, leader_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const bool left = order[0] == 1;
  if (left && leader_failure) std::rethrow_exception(leader_failure);
  if (!left && failure) std::rethrow_exception(failure);
  const bool ours = left || leaving_;
  const bool unexplained = ours || (end.kind == SessionEnd::Kind::kClosed && end.text.empty());
  if (!failure_.empty() && unexplained) co_return SessionEnd{SessionEnd::Kind::kFailed, failure_};
  if (ours) co_return SessionEnd{SessionEnd::Kind::kDisconnected, {}};
  co_return std::move(end);
}

awaitable<SessionEnd> Session::receive() {
  auto end = co_await link_.run();
  over_ = true;
  const auto limit = SteadyClock::now() + kDrainLimit;
  while (kind_) {
    take_deliveries();
    co_await kind_->drain(limit);
    const bool more = link_.channel().front() != nullptr && kind_->wants_delivery();
    if (!more || SteadyClock::now() >= limit) break;
  }
  co_return end;
}

awaitable<void> Session::lead() {
  while (failure_.empty()) {
    if (!kind_) {
      const bool known = co_await wait_for_kind();
      if (!known) break;
      continue;
    }
    const auto parting = co_await run_kind();
    if (!next_kind_ && parting == Parting::kDone) co_return co_await link_.settle(kTerminateLimit);
    if (!next_kind_) break;
    kind_ = std::move(next_kind_);
    if (stage_ == Stage::kStarted) start();
    link_.pull();
  }
  // Being cancelled because the session is over looks the same from here.
  if (over_) co_return;
  leaving_ = true;
  // Nobody could ever join this session again.
  co_await leave();
}

awaitable<bool> Session::wait_for_kind() {
  // The AWS CLI leaves SIGINT ignored; a signal_set replaces that (data-channel.md 1.3).
  asio::signal_set signals(executor_, SIGTERM, SIGHUP);
  if (expect_ != Expect::kStandardStreams || !is_ignored(SIGINT)) signals.add(SIGINT);
  auto given_up = signals.async_wait(asio::deferred);
  auto known = asio::co_spawn(executor_, wait_for_first_kind(), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(given_up), std::move(known));
  auto [order, ec, signal, failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  co_return order[0] == 1;
}

awaitable<void> Session::wait_for_first_kind() {
  while (!kind_ && failure_.empty()) co_await kind_changed_.wait();
}

awaitable<void> Session::wait_for_other_kind() {
  while (!next_kind_ && failure_.empty()) co_await kind_changed_.wait();
}

awaitable<Parting> Session::run_kind() {
  auto running = asio::co_spawn(executor_, kind_->run(), asio::deferred);
  auto other = asio::co_spawn(executor_, wait_for_other_kind(), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(running), std::move(other));
  auto [order, failure, parting, other_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] != 0) co_return Parting::kTerminate;
  if (!failure) co_return parting;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& problem) {
    // The session is over already, or whoever stops reading our output has had enough.
    const bool expected = problem.code() == asio::error::operation_aborted ||
                          problem.code() == boost::system::errc::broken_pipe;
    if (!expected) failure_ = problem.what();
  } catch (const std::runtime_error& problem) {
    failure_ = problem.what();
  }
  co_return Parting::kTerminate;
}

awaitable<void> Session::leave() {
  const bool flag = stage_ == Stage::kStarted && handshake_.session_type() == wire::kPort &&
                    is_newer(handshake_.agent_version(), kNoTerminateFlag);
  if (flag) {
    const bool arrived = co_await send_terminate_flag();
    if (arrived) co_return;
  }
  co_await call_terminate();
}

// The official client leaves without waiting, and then the flag may never arrive (data-channel.md 10.52).
awaitable<bool> Session::send_terminate_flag() {
  link_.channel().send(wire::PayloadType::kFlag, wire::encode_flag(wire::Flag::kTerminateSession));
  link_.wake();
  const auto limit = SteadyClock::now() + kFlagLimit;
  while (!link_.channel().all_acknowledged() && SteadyClock::now() < limit)
    co_await progress_.wait_until(limit);
  co_return link_.channel().all_acknowledged();
}

awaitable<void> Session::call_terminate() {
  ApiClient api(settings_, tls_, clock_);
  auto call = api.ask<boost::json::value>("TerminateSession", SessionReference{session_id_});
  try {
    // An error leaves the session to the service's idle timeout, as with every client that disappears.
    static_cast<void>(co_await net::with_timeout(std::move(call), kTerminateLimit));
  } catch (const boost::system::system_error&) {
    co_return;
  }
}

std::size_t Session::on_payload(wire::PayloadType type, ByteView payload) {
  const bool direct = handshake_.complete() && kind_ && !next_kind_ && kind_->wants_delivery();
  return direct ? kind_->on_payload(type, payload) : 0;
}

void Session::take_deliveries() {
  auto& channel = link_.channel();
  while (channel.front() != nullptr) {
    if (!handshake_.complete()) {
      auto delivery = channel.pop();
      if (take_handshake(delivery)) continue;
      if (kind_) kind_->on_delivery(std::move(delivery));
      continue;
    }
    if (!kind_ || next_kind_ || !kind_->wants_delivery()) break;
    kind_->on_delivery(channel.pop());
  }
  if (auto notice = channel.take_notice(); notice && kind_) kind_->tell(*notice);
  if (kind_ && !next_kind_) kind_->on_progress();
  progress_.notify();
}

bool Session::take_handshake(const channel::Delivery& delivery) {
  const auto step = handshake_.on_delivery(delivery.type, delivery.payload);
  if (!step) {
    fail(step.error());
    return true;
  }
  stage_ = Stage::kHandshake;
  if (step->send) {
    link_.channel().send(step->send->type, as_bytes(step->send->payload));
    if (channel::contains(handshake_.agreed(), wire::kExtensionBulk)) link_.use_bulk();
  }
  if (handshake_.complete()) on_handshake_over();
  return step->consumed;
}

void Session::on_handshake_over() {
  if (!kind_ || !is_terminal(handshake_.session_type())) make_kind();
  if (kind_ && !next_kind_ && !handshake_.customer_message().empty())
    kind_->greet(handshake_.customer_message());
  const bool official = !handshake_.agent_version().empty() && handshake_.agreed().empty();
  if (!official) return start();
  stage_ = Stage::kGap;
  gap_.expires_after(kAgentStartGap);
  gap_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) start();
  });
}

void Session::start() {
  stage_ = Stage::kStarted;
  if (!kind_ || next_kind_) return;
  kind_->on_started(handshake_.agent_version().empty() ? Start::kPlain : Start::kAfterHandshake);
}

void Session::make_kind() {
  auto made = factory_(facts(), link_);
  if (!made) return fail(std::move(made.error()));
  // What is running must come to its end first.
  (kind_ ? next_kind_ : kind_) = std::move(*made);
  kind_changed_.notify();
}

void Session::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  kind_changed_.notify();
}

SessionFacts Session::facts() const {
  const bool known = !handshake_.session_type().empty();
  return {.session_id = session_id_,
          .session_type = known ? handshake_.session_type() : std::string(wire::kStandardStream),
          .properties = handshake_.properties(),
          .agent_version = handshake_.agent_version(),
          .agreed = handshake_.agreed()};
}

void Session::tell_outage(Outage outage) {
  if (kind_) kind_->on_outage(outage);
}

}  // namespace postern::client

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "gateway/frames.h"
#include "gateway/live_session.h"
#include "wire/messages.h"

/// How a LiveSession ends: by its limits, by order, by its agent's word, or because an end stays away.
namespace postern::gateway {
namespace {

using store::SessionStatus;

// The client acknowledges what it has shown; longer than this it isn't waited for (data-channel.md section 9,
// 8).
constexpr std::chrono::seconds kDrain{3};
// Both ends leave by themselves once told; one that doesn't is dropped.
constexpr std::chrono::seconds kLinger{5};
// A notice that our agent writes to the terminal comes back as output within this time.
constexpr std::chrono::seconds kNoticeEcho{3};

// DescribeSessions allows so much, and a node's word is a peer's.
constexpr std::size_t kMaxDetails = 1024;

// Cut at the start of a UTF-8 character.
std::string shorten(const std::string& text) {
  if (text.size() <= kMaxDetails) return text;
  auto end = kMaxDetails;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void LiveSession::start_limits() {
  arm_limits();
}

void LiveSession::arm_limits() {
  const auto next = limits_.next();
  if (next == Instant::max() || finished_ || ending_since_) return;
  // Use of the session moves the moment, without touching the timer: it then fires early and is armed again.
  limits_timer_.expires_at(next);
  limits_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->check_limits(std::chrono::steady_clock::now());
    self->arm_limits();
  });
}

void LiveSession::check_limits(Instant now) {
  while (!finished_ && !ending_since_) {
    const auto due = limits_.due(now);
    if (!due) return;
    if (due->what == TimeLimits::Due::What::kWarn) {
      send_notice(due->text);
    } else {
      limit_reached_ = true;
      log::info("session_limit_reached", {{"session", record_.session_id}, {"reason", due->text}});
      terminate(due->text);
    }
  }
}

void LiveSession::send_notice(const std::string& text) {
  const auto message = wire::make_session_notice(wire::Stamp::fresh(clock_.now()), record_.session_id, text);
  const auto& client = leg(Side::kClient);
  const auto& agent = leg(Side::kAgent);
  if (client.socket && client.maker == Maker::kOurs) {
    client.socket->send(net::WsOpcode::kBinary, message);
  } else if (agent.socket && agent.maker == Maker::kOurs) {
    agent.socket->send(net::WsOpcode::kBinary, message);
    notice_echo_until_ = std::chrono::steady_clock::now() + kNoticeEcho;
  }
}

void LiveSession::agent_ends(const std::string& reason) {
  if (record_.details.empty()) record_.details = shorten(reason);
  begin_ending();
}

void LiveSession::begin_ending() {
  if (ending_since_) return;
  ending_since_ = std::chrono::steady_clock::now();
  set_status(SessionStatus::kTerminating);
  wake_.cancel();
  close_client_when_drained();
}

void LiveSession::close_client_when_drained() {
  if (told_client_ || !leg(Side::kClient).socket) return;
  if (acknowledged_output_ >= forwarded_output_) {
    tell_client_closed(record_.details);
    return;
  }
  close_when_acknowledged_ = true;
  after(farewell_, kDrain, [this] { tell_client_closed(record_.details); });
}

void LiveSession::tell_client_closed(const std::string& text) {
  if (told_client_ || !leg(Side::kClient).socket) return;
  told_client_ = true;
  close_when_acknowledged_ = false;
  send_to_client(make_channel_closed(record_.session_id, record_.target, text, clock_.now()));
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::tell_agent_closed() {
  told_agent_ = true;
  const auto message = make_channel_closed(record_.session_id, record_.target, "", clock_.now());
  if (const auto& agent = leg(Side::kAgent); agent.socket)
    agent.socket->send(net::WsOpcode::kBinary, message);
  // On the control channel as well: it works when the data channel is dead (control-plane.md 4.7).
  host_.send_to_node(record_.target, message);
}

void LiveSession::node_connected() {
  if (!agent_unheard()) return;
  host_.send_to_node(record_.target,
                     make_channel_closed(record_.session_id, record_.target, "", clock_.now()));
}

void LiveSession::terminate(const std::string& text) {
  if (finished_ || ending_since_) return;
  record_.details = text;
  ending_since_ = std::chrono::steady_clock::now();
  set_status(SessionStatus::kTerminating);
  wake_.cancel();
  tell_agent_closed();
  tell_client_closed(text);
  if (!leg(Side::kAgent).ever_open) outcome_ = SessionStatus::kTerminated;
  finish_if_done(*ending_since_);
}

void LiveSession::completed(bool success, const std::string& output) {
  agent_confirmed_ = true;
  if (finished_ || outcome_) return;
  const bool never_connected = !record_.connected;
  outcome_ = !success && never_connected ? SessionStatus::kFailed : SessionStatus::kTerminated;
  agent_ends(output);
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::give_up(SessionStatus outcome, const std::string& text) {
  log::info("session_given_up", {{"session", record_.session_id}, {"reason", text}});
  record_.details = text;
  outcome_ = outcome;
  if (!ending_since_) ending_since_ = std::chrono::steady_clock::now();
  tell_agent_closed();
  tell_client_closed(text);
  // A client that is away was already waited for.
  told_client_ = true;
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::finish_if_done(Instant now) {
  if (finished_ || !outcome_) return;
  const auto& client = leg(Side::kClient);
  // A client that lost its connection at the last moment is given the time to fetch the end of the output.
  const bool client_may_return = client.ever_open && client.away_since &&
                                 now - *client.away_since < times_.completion && !limit_reached_;
  if (!told_client_ && (client.socket || client_may_return)) return;
  finished_ = true;
  record_.ended = clock_.now();
  record_.status = *outcome_;
  record_.client_token_hash.clear();
  record_.client_token_expires.reset();
  host_.save(record_);
  log::info("session_ended", {{"session", record_.session_id},
                              {"status", record_.status == SessionStatus::kFailed ? "Failed" : "Terminated"},
                              {"details", record_.details}});
  wake_.cancel();
  limits_timer_.cancel();
  after(farewell_, kLinger, [this] {
    for (auto& late : legs_) {
      if (late.socket) late.socket->close();
    }
  });
  host_.finished(record_.session_id);
}

}  // namespace postern::gateway

#include "gateway/home.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.h"
#include "gateway/frames.h"
#include "gateway/gateway.h"
#include "net/timeout.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"
#include "wire/payloads.h"

namespace postern::gateway {
namespace {

using boost::asio::awaitable;

// The first frame follows the upgrade at once; a socket that says nothing for this long is a half-open one.
constexpr std::chrono::seconds kFirstFrame{10};

std::string node_subject(const std::string& node_id) {
  return "node." + node_id;
}

// The first data frame; control frames may precede it (data-channel.md 2.3). Nothing when the peer is not
// speaking the protocol.
awaitable<std::optional<std::string>> read_first_frame(net::WebSocket& socket) {
  for (;;) {
    const auto message = co_await socket.read();
    if (message.opcode == net::WsOpcode::kText || message.opcode == net::WsOpcode::kBinary) {
      co_return std::string(as_text(message.payload));
    }
    if (message.opcode == net::WsOpcode::kClose) co_return std::nullopt;
  }
}

Maker maker_of(const wire::OpenDataChannel& open) {
  const bool ours = open.extensions &&
                    std::ranges::find(*open.extensions, wire::kExtensionNotice) != open.extensions->end();
  return ours ? Maker::kOurs : Maker::kAws;
}

}  // namespace

Home::Home(boost::asio::any_io_executor executor, Gateway& gateway)
    : executor_(executor), gateway_(gateway), timer_(executor) {}

Home::~Home() = default;

void Home::start() {
  arm();
}

void Home::arm() {
  timer_.expires_after(LiveSession::kTick);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    // First, so that nothing that goes wrong below ends the deadlines of everybody else.
    arm();
    tick();
  });
}

void Home::tick() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& [id, entry] : channels_) entry->channel->tick(now);
  // A session may finish, and so leave the table, while it ticks.
  for (const auto& session : all_sessions()) {
    try {
      session->tick(now);
    } catch (const std::exception& failure) {
      log::error("session_tick_failed",
                 {{"session", session->record().session_id}, {"reason", failure.what()}});
    }
  }
  gateway_.control_tokens_.sweep(now);
  gateway_.data_tokens_.sweep(now);
}

awaitable<void> Home::serve_control_channel(std::string node_id, std::string authorization,
                                            std::shared_ptr<net::WebSocket> socket) {
  const auto first = co_await net::with_timeout(read_first_frame(*socket), kFirstFrame);
  if (!first) co_return;
  const auto open = decode_json_text<wire::OpenControlChannel>(*first);
  const auto now = std::chrono::steady_clock::now();
  if (!open || !gateway_.control_tokens_.redeem(node_id, open->token_value.reveal(), now)) {
    log::warning("control_channel_refused",
                 {{"node", node_id},
                  {"reason", open ? "the token is wrong, used or expired" : open.error().message()}});
    co_return;
  }
  if (open->require_acknowledgement.value_or(false)) {
    socket->send(net::WsOpcode::kBinary, make_control_channel_ready(gateway_.clock_.now()));
  }
  auto entry = std::make_shared<Channel>();
  entry->authorization = std::move(authorization);
  entry->channel =
      std::make_unique<ControlChannel>(node_id, socket, gateway_.presence_, *this, gateway_.clock_);
  entry->subscription = gateway_.bus_.subscribe(node_subject(node_id), executor_,
                                                [weak = std::weak_ptr(entry)](const std::string& message) {
                                                  if (const auto held = weak.lock())
                                                    held->channel->send(as_bytes(message));
                                                });
  // The newest channel of a node wins: the older may be a connection that is dead without knowing it.
  if (auto old = std::exchange(channels_[node_id], entry)) {
    old->subscription.reset();
    old->channel->close();
  }
  log::info("node_connected", {{"node", node_id},
                               {"from", socket->peer_address()},
                               {"agent_version", open->agent_version.value_or("")}});
  if (gateway_.control_channel_opened_) gateway_.control_channel_opened_(node_id, entry->authorization);
  if (open->sessions) sessions_listed(node_id, *open->sessions);
  for (auto& home : gateway_.homes_) {
    boost::asio::post(home->executor(), [at = home.get(), node_id] { at->node_connected(node_id); });
  }

  std::string reason = "left";
  try {
    for (;;) {
      const auto message = co_await socket->read();
      if (message.opcode == net::WsOpcode::kClose) break;
      if (message.opcode == net::WsOpcode::kBinary || message.opcode == net::WsOpcode::kText) {
        entry->channel->receive(message.payload);
      }
    }
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  const auto found = channels_.find(node_id);
  const bool replaced = found == channels_.end() || found->second != entry;
  if (!replaced) channels_.erase(found);
  if (!entry->closed_because.empty()) reason = entry->closed_because;
  log::info("node_disconnected", {{"node", node_id}, {"reason", replaced ? "replaced" : reason}});
}

awaitable<void> Home::serve_data_channel(std::string session_id, std::string node_id,
                                         std::shared_ptr<net::WebSocket> socket) {
  const auto refuse = [&](std::string_view reason) {
    log::warning("data_channel_refused",
                 {{"session", session_id}, {"from", socket->peer_address()}, {"reason", reason}});
  };
  // Before anything is read: anybody may ask for an upgrade, but session ids can't be guessed.
  if (!find(session_id)) co_return refuse("there is no such session, or it is over");
  const auto first = co_await net::with_timeout(read_first_frame(*socket), kFirstFrame);
  if (!first) co_return;
  const auto open = decode_json_text<wire::OpenDataChannel>(*first);
  if (!open) co_return refuse(open.error().message());
  const auto session = find(session_id);
  if (!session) co_return refuse("the session is over");

  const auto maker = maker_of(*open);
  // Both ends use the same URL; the token tells them apart, and a node's counts only from that node.
  const auto now = std::chrono::steady_clock::now();
  if (!node_id.empty() && session->record().target == node_id &&
      gateway_.data_tokens_.redeem(session_id, open->token_value.reveal(), now)) {
    if (open->require_acknowledgement.value_or(false)) {
      socket->send(net::WsOpcode::kBinary, make_data_channel_ready(gateway_.clock_.now()));
    }
    co_await LiveSession::serve(session, Side::kAgent, maker, std::move(socket));
  } else if (session->redeem_client_token(open->token_value.reveal())) {
    co_await LiveSession::serve(session, Side::kClient, maker, std::move(socket));
  } else {
    refuse("the token is wrong, used, expired, or of another session");
  }
}

std::shared_ptr<LiveSession> Home::find(const std::string& session_id) {
  const auto found = sessions_.find(session_id);
  return found == sessions_.end() ? nullptr : found->second.session;
}

std::shared_ptr<LiveSession> Home::add(store::Session record, Bytes start_message,
                                       SessionCounts::Place place) {
  const auto id = record.session_id;
  auto session = std::make_shared<LiveSession>(std::move(record), std::move(start_message), gateway_.times_,
                                               *this, gateway_.clock_, executor_);
  session->start_limits();
  sessions_[id] = Entry{session, std::move(place)};
  session_count_ = sessions_.size();
  return session;
}

std::vector<LiveGrant> Home::live_sessions() const {
  std::vector<LiveGrant> all;
  for (const auto& [id, entry] : sessions_) {
    const auto& record = entry.session->record();
    if (!entry.session->over() && record.status != store::SessionStatus::kTerminating)
      all.push_back({id, record.authorization});
  }
  return all;
}

std::vector<LiveGrant> Home::live_control_channels() const {
  std::vector<LiveGrant> all;
  for (const auto& [id, entry] : channels_) all.push_back({id, entry->authorization});
  return all;
}

void Home::close_channel(const std::string& node_id, const std::string& reason) {
  const auto found = channels_.find(node_id);
  if (found == channels_.end()) return;
  const auto entry = found->second;
  entry->closed_because = reason;
  entry->subscription.reset();
  entry->channel->close(reason);
}

void Home::end_sessions_of(const std::string& node_id, const std::string& text) {
  for (const auto& session : all_sessions()) {
    if (session->record().target == node_id) session->terminate(text);
  }
}

void Home::keep_only(const std::string& node_id, const std::vector<std::string>& held) {
  for (const auto& session : all_sessions()) {
    const auto& record = session->record();
    // One that the agent has not opened yet may still have its start message on the way.
    if (record.target == node_id && session->agent_was_here() &&
        std::ranges::find(held, record.session_id) == held.end()) {
      session->terminate("The agent on the node was restarted.");
    }
  }
}

std::vector<std::shared_ptr<LiveSession>> Home::all_sessions() const {
  std::vector<std::shared_ptr<LiveSession>> all;
  all.reserve(sessions_.size());
  for (const auto& [id, entry] : sessions_) all.push_back(entry.session);
  return all;
}

std::size_t Home::queued_bytes() const {
  std::size_t total = 0;
  for (const auto& [id, entry] : sessions_) total += entry.session->queued_bytes();
  return total;
}

void Home::drain() {
  timer_.cancel();
  for (const auto& session : all_sessions()) session->drain();
}

void Home::save(const store::Session& record) {
  gateway_.store_.post("session state",
                       [record](store::Repositories& repos) { repos.sessions.update(record); });
}

bool Home::send_to_node(const std::string& node_id, Bytes message) {
  return gateway_.bus_.publish(node_subject(node_id), std::string(as_text(message)));
}

void Home::finished(const std::string& session_id) {
  // Posted: the session is still on the stack.
  boost::asio::post(executor_, [this, session_id] {
    const auto found = sessions_.find(session_id);
    if (found == sessions_.end()) return;
    const auto& session = *found->second.session;
    if (session.agent_unheard()) {
      if (unheard_.size() == kMaxUnheard) unheard_.pop_front();
      unheard_.push_back({session.record().target, session_id});
    }
    sessions_.erase(found);
    session_count_ = sessions_.size();
  });
}

void Home::node_connected(const std::string& node_id) {
  for (const auto& session : all_sessions()) {
    if (session->record().target == node_id) session->node_connected();
  }
  std::erase_if(unheard_, [&](const Unheard& entry) {
    if (entry.node_id != node_id) return false;
    send_to_node(node_id, make_channel_closed(entry.session_id, node_id, "", gateway_.clock_.now()));
    return true;
  });
}

void Home::task_completed(const std::string& node_id, const wire::AgentTaskComplete& task) {
  auto& home = gateway_.home_of(task.task_id);
  boost::asio::post(home.executor(), [&home, node_id, task] {
    const auto session = home.find(task.task_id);
    // A node may only speak of its own sessions.
    if (session && session->record().target == node_id) {
      session->completed(task.final_task_status == wire::kTaskSuccess, task.output.value_or(""));
    }
  });
}

void Home::sessions_listed(const std::string& node_id, const std::vector<std::string>& session_ids) {
  for (auto& home : gateway_.homes_) {
    boost::asio::post(home->executor(),
                      [at = home.get(), node_id, session_ids] { at->keep_only(node_id, session_ids); });
  }
}

}  // namespace postern::gateway

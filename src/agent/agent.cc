#include "agent/agent.h"

#include <algorithm>
#include <iterator>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <stdexcept>

#include "agent/backoff.h"
#include "agent/completion_outbox.h"
#include "agent/instance_information.h"
#include "agent/keep_alive.h"
#include "agent/port/address_rules.h"
#include "agent/registration.h"
#include "agent/session_manager.h"
#include "agent/signal.h"
#include "agent/spawn.h"
#include "base/log.h"
#include "net/runtime.h"
#include "wire/messages.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

using SteadyClock = std::chrono::steady_clock;

// As often as official agents report (control-plane.md 3.3).
constexpr std::chrono::minutes kReportInterval{5};
constexpr std::chrono::minutes kMinTokenRefresh{1};
constexpr std::chrono::seconds kRetryAfterFailure{30};
// What a stop allows the sessions, which need four seconds at most to kill what won't end, and the last
// reports.
constexpr std::chrono::seconds kStopSessions{8};
constexpr std::chrono::seconds kStopReports{1};
constexpr const char* kStopped = "The agent on the node was stopped.";

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class Agent {
 public:
  Agent(asio::io_context& context, NodeState node, aws::NodeKey key, net::Url endpoint,
        const net::TlsClientContext& tls, const WorkerStarter& starter, AgentOptions options)
      : context_(context),
        executor_(context.get_executor()),
        node_(std::move(node)),
        key_(std::move(key)),
        service_{std::move(endpoint), node_.region, &tls, &clock_},
        outbox_(clock_),
        sessions_(executor_, starter,
                  {node_.node_id, node_.endpoint, node_.region, std::move(options.denied_addresses),
                   options.keep_sessions},
                  [this](const std::string& id, const Completion& completion) { report(id, completion); }),
        signals_(context, SIGCHLD, SIGTERM, SIGINT),
        reports_(executor_),
        upkeep_(executor_),
        progress_(executor_),
        pause_(executor_) {
    signals_.add(SIGUSR1);
    // Under nohup it stays ignored.
    if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
  }

  int exit_code() const { return exit_code_; }

  void start() {
    spawn(executor_, "signals", watch_signals());
    spawn(executor_, "control_channel", keep_connected());
    spawn(executor_, "reports", send_reports());
    spawn(executor_, "upkeep", keep_up());
  }

 private:
  net::awaitable<void> keep_connected() {
    // The service ends the sessions that the control channel's first message does not list.
    co_await sessions_.adopt();
    Backoff backoff;
    while (!stopping_) {
      // Delays count from the start of an attempt: one that hangs in a dead network doesn't postpone the
      // next.
      auto since = SteadyClock::now();
      std::string failure;
      try {
        co_await serve_control_channel();
      } catch (...) {
        failure = failure_text(std::current_exception());
      }
      if (stopping_) co_return;
      if (socket_) {
        socket_.reset();
        since = SteadyClock::now();
        backoff.on_connection_lost(since - connected_at_);
      }
      const auto delay = backoff.next();
      log::warning("control_channel_lost",
                   {{"reason", failure}, {"retry_after_ms", static_cast<std::int64_t>(delay.count())}});
      co_await pause_.wait(since + delay);
    }
  }

  net::awaitable<void> serve_control_channel() {
    auto socket = co_await open_control_channel();
    socket_ = std::move(socket);
    connected_at_ = SteadyClock::now();
    spawn(executor_, "keep_alive", keep_alive(socket_));
    log::info("control_channel_opened", {{"node", node_.node_id}, {"endpoint", node_.endpoint}});
    outbox_.on_reconnect();
    reports_.notify();
    upkeep_.notify();
    const auto alive = socket_;
    for (;;) {
      const auto message = co_await alive->read();
      if (message.opcode == net::WsOpcode::kBinary || message.opcode == net::WsOpcode::kText) {
        receive(message.payload);
      }
    }
  }

  net::awaitable<std::shared_ptr<net::WebSocket>> open_control_channel() {
    const auto client = co_await connect(service_);
    if (!role_token_ || role_token_->token_expiration_date <= clock_.now() + kMinTokenRefresh) {
      co_await refresh_token(*client);
    }
    std::exception_ptr refused;
    std::shared_ptr<net::WebSocket> socket;
    try {
      const auto sign = sign_with(service_, role_token_->credentials(), "ssmmessages");
      const auto path = "/v1/control-channel/" + node_.node_id;
      // The reduced report first: a service may want it before anything else (control-plane.md 3.1).
      co_await call_ssm(*client, "UpdateInstanceInformation",
                        encode_json_text(reduced_information(node_.node_id)),
                        sign_with(service_, role_token_->credentials(), "ssm"));
      wire::OpenControlChannel opening;
      opening.token_value = co_await create_channel(*client, path, create_control_channel_body(), sign);
      opening.request_id = Uuid::random().to_string();
      opening.agent_version = kAgentVersion;
      opening.platform_type = "linux";
      socket = co_await open_channel(*client, path + "?role=subscribe&stream=input", sign);
      // Those whose end the service has not confirmed count too: it hears next how they ended.
      opening.sessions = sessions_.session_ids();
      std::ranges::copy(outbox_.session_ids(), std::back_inserter(*opening.sessions));
      const Secret text(encode_json_text(opening));
      socket->send(net::WsOpcode::kText, as_bytes(text.reveal()));
    } catch (const ServiceError&) {
      refused = std::current_exception();
    }
    if (refused) {
      // The credentials may be what it dislikes: the next attempt asks for others.
      role_token_.reset();
      std::rethrow_exception(refused);
    }
    co_return socket;
  }

  net::awaitable<void> refresh_token(net::HttpClient& client) {
    role_token_ = co_await request_role_token(client, service_, node_, key_);
    sessions_.set_role_token(*role_token_);
    const auto remaining =
        std::chrono::duration_cast<SteadyClock::duration>(role_token_->token_expiration_date - clock_.now());
    refresh_at_ = SteadyClock::now() + std::max<SteadyClock::duration>(remaining / 2, kMinTokenRefresh);
    log::debug("role_token_received", {{"expires", to_iso8601(role_token_->token_expiration_date)}});
  }

  // Renews credentials at half their life and reports the node, on connections that are closed in between.
  net::awaitable<void> keep_up() {
    auto report_at = SteadyClock::now();
    for (;;) {
      while (!socket_ || !role_token_) co_await upkeep_.wait();
      const auto wakeup = std::min(report_at, refresh_at_);
      if (SteadyClock::now() < wakeup) {
        co_await upkeep_.wait(wakeup);
        continue;
      }
      std::string failure;
      try {
        const auto client = co_await connect(service_);
        if (SteadyClock::now() >= refresh_at_) co_await refresh_token(*client);
        if (role_token_) {
          co_await call_ssm(*client, "UpdateInstanceInformation",
                            encode_json_text(full_information(node_.node_id)),
                            sign_with(service_, role_token_->credentials(), "ssm"));
        }
      } catch (...) {
        failure = failure_text(std::current_exception());
      }
      const auto now = SteadyClock::now();
      report_at = now + kReportInterval;
      if (failure.empty()) continue;
      log::warning("report_failed", {{"reason", failure}});
      report_at = now + kRetryAfterFailure;
      refresh_at_ = std::max(refresh_at_, report_at);
    }
  }

  void receive(ByteView bytes) {
    const auto message = wire::parse(bytes);
    if (!message) {
      log::warning("control_message_refused", {{"reason", wire::to_string(message.error())}});
      return;
    }
    const auto body = as_text(message->payload);
    switch (message->header.type) {
      case wire::MessageType::kInteractiveShell:
        if (const auto shell = decode_json_text<wire::InteractiveShell>(body); shell && !stopping_) {
          sessions_.start(shell->content);
          if (sessions_.starter_lost()) fail();
        }
        break;
      case wire::MessageType::kChannelClosed:
        if (const auto closed = decode_json_text<wire::ChannelClosed>(body)) {
          sessions_.close(closed->session_id);
        }
        break;
      case wire::MessageType::kAgentTaskAcknowledge:
        if (const auto acknowledge = decode_json_text<wire::AgentTaskAcknowledge>(body)) {
          outbox_.on_acknowledge(acknowledge->message_id);
          progress_.notify();
        }
        break;
      default:
        log::debug("control_message_ignored", {{"type", message->type_name}});
    }
  }

  void report(const std::string& session_id, const Completion& completion) {
    wire::AgentTaskComplete task;
    task.task_id = session_id;
    task.final_task_status = completion.status;
    task.instance_id = node_.node_id;
    task.output = completion.output;
    outbox_.add(std::move(task));
    reports_.notify();
    progress_.notify();
  }

  net::awaitable<void> send_reports() {
    for (;;) {
      if (socket_) {
        while (const auto message = outbox_.poll(SteadyClock::now())) {
          socket_->send(net::WsOpcode::kBinary, *message);
        }
      }
      co_await reports_.wait(socket_ ? outbox_.next_wakeup().value_or(SteadyClock::time_point::max())
                                     : SteadyClock::time_point::max());
    }
  }

  net::awaitable<void> watch_signals() {
    for (;;) {
      const auto signal = co_await signals_.async_wait(asio::use_awaitable);
      if (signal == SIGCHLD) {
        sessions_.reap();
      } else if (!stopping_) {
        stopping_ = true;
        spawn(executor_, "stop", signal == SIGUSR1 ? leave() : stop());
      }
    }
  }

  void fail() {
    log::error("worker_starter_lost");
    exit_code_ = 1;
    stopping_ = true;
    spawn(executor_, "stop", leave());
  }

  // For an agent that comes next, as after an upgrade.
  net::awaitable<void> leave() {
    log::info("agent_leaving", {{"sessions", sessions_.session_ids().size()}});
    co_await sessions_.flush();
    co_await deliver_reports();
  }

  net::awaitable<void> stop() {
    log::info("agent_stopping", {{"sessions", sessions_.session_ids().size()}});
    sessions_.end_all(kStopped);
    const auto deadline = SteadyClock::now() + kStopSessions;
    while (!sessions_.empty() && SteadyClock::now() < deadline) co_await progress_.wait(deadline);
    sessions_.kill_all();
    co_await deliver_reports();
  }

  net::awaitable<void> deliver_reports() {
    const auto deadline = SteadyClock::now() + kStopReports;
    while (socket_ && !outbox_.empty() && SteadyClock::now() < deadline) co_await progress_.wait(deadline);
    log::info("agent_stopped");
    context_.stop();
  }

  asio::io_context& context_;
  asio::any_io_executor executor_;
  SystemClock clock_;
  NodeState node_;
  aws::NodeKey key_;
  Service service_;
  std::optional<RoleToken> role_token_;
  SteadyClock::time_point refresh_at_ = SteadyClock::time_point::max();
  CompletionOutbox outbox_;
  SessionManager sessions_;
  asio::signal_set signals_;
  /// The open control channel.
  std::shared_ptr<net::WebSocket> socket_;
  SteadyClock::time_point connected_at_;
  bool stopping_ = false;
  int exit_code_ = 0;
  Signal reports_;
  Signal upkeep_;
  Signal progress_;
  Signal pause_;
};

}  // namespace

int run_agent(NodeState node, const net::TlsClientContext& tls, const WorkerStarter& starter,
              AgentOptions options) {
  if (const auto denied = AddressRules::parse(options.denied_addresses); !denied) {
    throw std::runtime_error("--deny-forwarding-to " + denied.error());
  }
  auto key = aws::NodeKey::from_pem(node.private_key);
  if (!key) throw std::runtime_error("the node's private key can't be used: " + key.error());
  auto endpoint = net::Url::parse(node.endpoint);
  if (!endpoint)
    throw std::runtime_error("the endpoint " + node.endpoint + " can't be used: " + endpoint.error());
  // The key lives on inside OpenSSL alone.
  node.private_key = Secret();
  net::ignore_sigpipe();
  asio::io_context context(1);
  Agent agent(context, std::move(node), std::move(*key), std::move(*endpoint), tls, starter,
              std::move(options));
  agent.start();
  log::info("agent_started", {{"version", POSTERN_VERSION}});
  context.run();
  return agent.exit_code();
}

}  // namespace postern::agent

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/commands/forward_plan.h"
#include "client/commands/forward_report.h"
#include "client/commands/service_calls.h"
#include "client/commands/started_session.h"
#include "client/port/basic_port.h"
#include "client/port/mux_port.h"
#include "client/port/port_session.h"
#include "client/run_io.h"
#include "client/session/say.h"

namespace postern::client {
namespace asio = boost::asio;
namespace {

constexpr auto kFooter = R"(
  -L [BIND:]PORT:HOST:PORT          a port here leads to a host and port as the node sees them
  -L [BIND:]PORT:/REMOTE/SOCKET     ... to a UNIX socket on the node
  -L /LOCAL/SOCKET:HOST:PORT        a UNIX socket here leads there
  -D [BIND:]PORT                    a SOCKS5 proxy here whose connections the node makes
  -R [BIND:]PORT:HOST:PORT          a port on the node leads to a host and port as this machine sees them
  -R [BIND:]PORT:/LOCAL/SOCKET      ... to a UNIX socket here

All may be repeated and go through one session. Without BIND only the machine that listens can connect; * is every
address. Port 0 is any that is free. IPv6 addresses stand in brackets. A connection that can't be made fails alone and
is named on standard error. A lost connection to the service is resumed; open connections go on where they were.

AWS's own agent does -L to hosts and ports only.

EXAMPLES
  postern forward web-1 -L 8080:localhost:80
  postern forward bastion -L 5432:db.internal:5432 -L 6379:cache.internal:6379
  postern forward web-1 -L 2375:/var/run/docker.sock
  postern forward bastion -D 1080      then: curl --socks5-hostname localhost:1080 http://wiki.internal/
  postern forward web-1 -R 9000:localhost:3000
  postern forward web-1 -L 0:localhost:80 --json

OUTPUT
  One line for each forward once it works, "Forwarding 127.0.0.1:8080 -> localhost:80 through web-1". With --json an
  object: forward (local, dynamic or remote), node, address and port or socket, to.

EXIT STATUS
  0 after Ctrl-C or SIGTERM, 255 when a forward can't be set up or the session has failed, 2 for a wrong command
  line.)";

struct Choices {
  std::string target;
  std::optional<std::string> reason;
  std::vector<std::string> local;
  std::vector<std::string> dynamic;
  std::vector<std::string> remote;
  bool json = false;
};

template <class T>
void add_parsed(std::vector<T>& into, std::expected<T, std::string> parsed) {
  if (!parsed) throw std::invalid_argument(parsed.error());
  into.push_back(std::move(*parsed));
}

ForwardChoices parse(const Choices& given) {
  ForwardChoices choices;
  choices.target = given.target;
  choices.reason = given.reason;
  for (const auto& text : given.local) add_parsed(choices.local, parse_local_forward(text));
  for (const auto& text : given.dynamic) add_parsed(choices.dynamic, parse_dynamic_forward(text));
  for (const auto& text : given.remote) add_parsed(choices.remote, parse_remote_forward(text));
  if (choices.local.empty() && choices.dynamic.empty() && choices.remote.empty())
    throw std::invalid_argument("there is nothing to forward; expected at least one -L, -D or -R");
  return choices;
}

/// One run of the command. Lives until its sessions are over.
class Forwarding {
 public:
  Forwarding(const Settings& settings, ForwardChoices choices, ForwardReport report)
      : settings_(settings), choices_(std::move(choices)), report_(std::move(report)) {}

  awaitable<int> run() {
    const auto executor = co_await asio::this_coro::executor;
    // Before anything is asked of the service: a port in use is no reason for a session.
    for (const auto& spec : choices_.local) local_.emplace_back(executor, spec.from);
    for (const auto& address : choices_.dynamic) dynamic_.emplace_back(executor, address);
    SessionPlan plan;
    plan.request = forwarding_request(choices_);
    plan.kinds = [this](const asio::any_io_executor& on) { return first_kinds(on); };
    const auto started = co_await start_and_run(settings_, std::move(plan));
    if (!separate_) co_return status_of(started.end);
    const auto status = co_await run_separately();
    co_return status;
  }

 private:
  using Made = std::expected<std::unique_ptr<SessionKind>, std::string>;

  KindFactory first_kinds(const asio::any_io_executor& executor) {
    return [this, executor](const SessionFacts& facts, SessionLink& link) -> Made {
      const auto way = choose_way(choices_, facts);
      if (!way) return std::unexpected(way.error());
      if (*way == ForwardWay::kOneSession)
        return std::make_unique<MuxPort>(executor, link, facts, whole_plan());
      if (*way == ForwardWay::kOfficialSession) return official_port(executor, link, facts, 0);
      separate_ = true;
      return std::unexpected("a session for each forward is needed");
    };
  }

  PortPlan whole_plan() {
    PortPlan plan;
    plan.hooks = hooks();
    for (std::size_t i = 0; i < local_.size(); ++i) {
      const auto& to = choices_.local[i].to;
      plan.local.push_back({std::move(local_[i]), stream_target(to), to.to_string()});
      lines_.push_back({"local", plan.local.back().listener.address(), to.to_string()});
    }
    for (auto& listener : dynamic_) {
      lines_.push_back({"dynamic", listener.address(), ""});
      plan.dynamic.push_back(std::move(listener));
    }
    for (const auto& spec : choices_.remote) plan.remote.push_back({spec.from.to_string(), spec.to});
    plan.hooks.ready = [this] {
      for (const auto& line : lines_) report_.print(line.kind, line.from, line.to);
    };
    plan.hooks.remote_ready = [this](std::size_t index, std::uint16_t port) {
      auto from = choices_.remote[index].from;
      from.port = port;
      report_.print("remote", from, choices_.remote[index].to.to_string());
    };
    return plan;
  }

  Made official_port(const asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                     std::size_t index) {
    const auto to = choices_.local[index].to.to_string();
    PortPlan plan;
    plan.hooks = hooks();
    plan.local.push_back({std::move(local_[index]), "", to});
    plan.hooks.ready = [this, to, from = plan.local[0].listener.address()] {
      report_.print("local", from, to);
    };
    plan.hooks.refused = [to](std::string_view, std::string_view reason) {
      ForwardReport::refused(to, reason);
    };
    if (is_multiplexed(facts)) return std::make_unique<MuxPort>(executor, link, facts, std::move(plan));
    return std::make_unique<BasicPort>(executor, link, std::move(plan));
  }

  PortHooks hooks() {
    PortHooks hooks;
    hooks.interrupted = [this] { interrupted_ = true; };
    hooks.refused = ForwardReport::refused;
    hooks.tell = say;
    return hooks;
  }

  awaitable<int> run_separately() {
    const auto executor = co_await asio::this_coro::executor;
    const auto start = [&](std::size_t index) {
      return asio::co_spawn(executor, run_one(index), asio::deferred);
    };
    std::vector<decltype(start(0))> sessions;
    for (std::size_t i = 0; i < choices_.local.size(); ++i) sessions.push_back(start(i));
    auto group = asio::experimental::make_parallel_group(std::move(sessions));
    auto [order, failures, statuses] =
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    co_return std::ranges::max(statuses);
  }

  // A forward that fails does not end the others.
  awaitable<int> run_one(std::size_t index) {
    const auto& spec = choices_.local[index];
    SessionPlan plan;
    plan.request = remote_host_request(choices_, spec);
    plan.kinds = [this, index](const asio::any_io_executor& executor) -> KindFactory {
      return [this, index, executor](const SessionFacts& facts, SessionLink& link) -> Made {
        return official_port(executor, link, facts, index);
      };
    };
    try {
      const auto started = co_await start_and_run(settings_, std::move(plan));
      co_return status_of(started.end);
    } catch (const std::runtime_error& failure) {
      say(fmt::format("forward to {}: {}", spec.to.to_string(), failure.what()));
    }
    co_return kOwnFailureStatus;
  }

  int status_of(const SessionEnd& end) const {
    if (interrupted_ || end.kind == SessionEnd::Kind::kDisconnected) return 0;
    if (!end.text.empty()) throw std::runtime_error(end.text);
    throw std::runtime_error("the service has ended the session");
  }

  struct Line {
    std::string kind;
    LocalAddress from;
    std::string to;
  };

  const Settings& settings_;
  const ForwardChoices choices_;
  const ForwardReport report_;
  std::vector<Listener> local_;
  std::vector<Listener> dynamic_;
  std::vector<Line> lines_;
  /// The node's agent needs a session for each forward.
  bool separate_ = false;
  bool interrupted_ = false;
};

// The listeners go with this frame, while their executor still lives.
awaitable<int> forward_task(const Settings& settings, ForwardChoices choices, ForwardReport report) {
  Forwarding forwarding(settings, std::move(choices), std::move(report));
  const auto status = co_await forwarding.run();
  co_return status;
}

int forward(const ConfigFlags& flags, const Choices& given) {
  auto choices = parse(given);
  const auto settings = settings_for(flags);
  const auto format = given.json ? ForwardReport::Format::kJson : ForwardReport::Format::kText;
  ForwardReport report(choices.target, format);
  return run_io(forward_task(settings, std::move(choices), std::move(report)));
}

}  // namespace

void add_forward_command(CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  auto* command = line.app.add_subcommand("forward", "Forward ports and sockets through a node");
  command->footer(kFooter);
  command->add_option("NODE", choices->target, "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  command->add_option("-L", choices->local, "From here to what the node reaches")->allow_extra_args(false);
  command->add_option("-D", choices->dynamic, "A SOCKS5 proxy here")->allow_extra_args(false);
  command->add_option("-R", choices->remote, "From the node to what this machine reaches")
      ->allow_extra_args(false);
  command->add_flag("--json", choices->json, "Say what is forwarded as JSON, one object a line");
  command->add_option("--reason", choices->reason, "Why, for the record");
  command->callback([&line, choices] {
    line.failure_status = kOwnFailureStatus;
    line.run = [&line, choices] { return forward(line.flags, *choices); };
  });
}

}  // namespace postern::client

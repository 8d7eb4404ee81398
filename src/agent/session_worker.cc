#include "agent/session_worker.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>

#include "agent/agent_connection.h"
#include "agent/channel_driver.h"
#include "agent/session_kind.h"
#include "agent/spawn.h"
#include "base/log.h"
#include "net/runtime.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// The last output's way to the client and its acknowledgement back: given up when nothing moves for 2 s, as
// official agents do, and after 10 s in any case.
constexpr std::chrono::seconds kDrainStall{2};
constexpr std::chrono::seconds kDrainLimit{10};

constexpr std::chrono::milliseconds kGapAfterFirst{50};

// What lies between the session and its client.
struct ChannelSizes {
  // Unacknowledged.
  std::size_t window_bytes;
  // Received and not yet taken.
  std::size_t inbox_bytes;
  // In the connection's own queue.
  std::size_t queue_bytes;
};
// A ^C has to wait behind it.
constexpr ChannelSizes kInteractiveSizes{512 * 1024, 256 * 1024, 64 * 1024};
// For line rate; towards official clients, too, which take 8 MiB at once. Ours agree on a window of their
// own.
constexpr ChannelSizes kBulkSizes{8 * 1024 * 1024, 1024 * 1024, 512 * 1024};

ChannelDriver::Options driver_options(const SessionJob& job, wire::SessionStart& start, ChannelNeeds needs) {
  const auto& sizes = needs == ChannelNeeds::kBulk ? kBulkSizes : kInteractiveSizes;
  ChannelDriver::Options options;
  options.session_id = start.session_id;
  options.node_id = job.node_id;
  options.first_token = std::move(start.data_channel_token);
  options.channel.sender.window_bytes = sizes.window_bytes;
  options.channel.sender.gap_after_first = kGapAfterFirst;
  options.channel.receiver.queue_bytes = sizes.inbox_bytes;
  options.queue_bytes = sizes.queue_bytes;
  return options;
}

std::string agent_gone(std::chrono::seconds waited) {
  constexpr std::string_view kGone = "The agent on the node has gone away";
  if (waited.count() == 0) return fmt::format("{}.", kGone);
  return fmt::format("{} and did not come back within {} seconds.", kGone, waited.count());
}

class SessionWorker {
 public:
  SessionWorker(asio::io_context& context, int socket, const net::TlsClientContext& tls)
      : context_(context),
        executor_(context.get_executor()),
        tls_(tls),
        agent_(executor_, socket),
        signals_(context, SIGCHLD, SIGTERM, SIGINT),
        change_(executor_) {}

  net::awaitable<void> run() {
    spawn(executor_, "signals", watch_signals());
    const auto completion = co_await run_session();
    FromWorker message;
    message.completion = completion;
    log::info("session_ended",
              {{"session", session_id_}, {"status", completion.status}, {"reason", completion.output}});
    agent_.send(message);
    co_await agent_.flush();
    context_.stop();
  }

 private:
  net::awaitable<Completion> run_session() {
    agent_.on_message = [this](ToWorker message) { receive(std::move(message)); };
    agent_.on_come = [this] {
      if (!session_id_.empty()) introduce();
      change_.notify();
    };
    agent_.on_go = [this] { agent_has_gone(); };
    agent_.start();
    while (!job_ && !end_reason_) co_await change_.wait();
    if (!job_) co_return Completion{wire::kTaskFailed, *end_reason_};
    const auto& job = *job_;
    auto start = decode_json_text<wire::SessionStart>(job.start);
    const auto endpoint = net::Url::parse(job.endpoint);
    if (!start || !endpoint) co_return Completion{wire::kTaskFailed, "the start message can't be read"};
    session_id_ = start->session_id;
    introduce();

    // First the shell, which needs longer to get ready than the connection, and before there are threads.
    auto kind = make_session_kind(executor_, job, *start);
    if (!kind) co_return Completion{wire::kTaskFailed, kind.error()};
    kind_ = std::move(*kind);
    kind_->on_process_session = [this] { introduce(); };
    if (kind_->process_session()) introduce();

    driver_.emplace(executor_, Service{*endpoint, job.region, &tls_, &clock_},
                    driver_options(job, *start, kind_->channel_needs()), job.role_token);
    driver_->on_ended = [this] { change_.notify(); };
    driver_->start();
    if (closed_) driver_->close("closed by the service");
    spawn(executor_, "session", run_kind());
    reap();
    while (!completion_ && driver_->ended().empty() && !end_reason_) co_await wait_for_news();
    if (completion_) co_return co_await end_naturally();
    co_return co_await end_early();
  }

  // Says who this is, or more of it than before.
  void introduce() {
    FromWorker news;
    news.hello = WorkerHello{session_id_, ::getpid()};
    if (kind_) news.process_session = kind_->process_session();
    agent_.send(news);
  }

  net::awaitable<void> wait_for_news() {
    const auto keep = std::chrono::seconds(job_->keep_seconds);
    const auto limit = agent_.present() ? Signal::Time::max() : agent_.absent_since() + keep;
    if (std::chrono::steady_clock::now() >= limit) {
      end(agent_gone(keep));
    } else {
      co_await change_.wait(limit);
    }
  }

  net::awaitable<Completion> end_naturally() {
    co_await driver_->drain(kDrainStall, kDrainLimit);
    // The reason of a failure is in the completion: the person must not hear of an ordinary end before.
    if (completion_->status == wire::kTaskSuccess || !agent_.present()) {
      co_await driver_->finish(completion_->output);
    }
    co_return *completion_;
  }

  net::awaitable<Completion> end_early() {
    co_await kind_->stop();
    if (end_reason_) {
      // Without the agent nobody else can tell the service.
      if (!agent_.present()) co_await driver_->finish(*end_reason_);
      co_return Completion{wire::kTaskFailed, *end_reason_};
    }
    if (driver_->gave_up()) co_return Completion{wire::kTaskFailed, driver_->ended()};
    co_return Completion{wire::kTaskSuccess, ""};
  }

  net::awaitable<void> run_kind() {
    auto completion = co_await run_session_kind(*kind_, *driver_);
    completion_ = std::move(completion);
    change_.notify();
  }

  void receive(ToWorker message) {
    if (message.job && !job_) job_ = std::move(*message.job);
    if (message.role_token && driver_) {
      driver_->set_role_token(std::move(*message.role_token));
    } else if (message.role_token && job_) {
      job_->role_token = std::move(*message.role_token);
    }
    if (message.closed) closed_ = true;
    if (closed_ && driver_) driver_->close("closed by the service");
    if (message.end) end(std::move(*message.end));
    change_.notify();
  }

  void agent_has_gone() {
    // It died before it could say what to do, and the next one does not know.
    if (!job_) return end("the session worker got no job");
    log::warning("agent_gone", {{"session", session_id_}});
    change_.notify();
  }

  net::awaitable<void> watch_signals() {
    for (;;) {
      const auto signal = co_await signals_.async_wait(asio::use_awaitable);
      if (signal == SIGCHLD) {
        reap();
      } else {
        end("The agent on the node was stopped.");
      }
    }
  }

  // As a subreaper the worker also inherits what the session's processes leave behind.
  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (kind_) kind_->on_child_exit(pid, status);
    }
  }

  void end(std::string reason) {
    if (!end_reason_) end_reason_ = std::move(reason);
    change_.notify();
  }

  asio::io_context& context_;
  asio::any_io_executor executor_;
  SystemClock clock_;
  const net::TlsClientContext& tls_;
  AgentConnection agent_;
  asio::signal_set signals_;
  std::optional<SessionJob> job_;
  std::string session_id_;
  std::unique_ptr<SessionKind> kind_;
  std::optional<ChannelDriver> driver_;
  std::optional<Completion> completion_;
  std::optional<std::string> end_reason_;
  bool closed_ = false;
  Signal change_;
};

}  // namespace

int run_session_worker(int socket, const net::TlsClientContext& tls) {
  net::ignore_sigpipe();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  asio::io_context context(1);
  SessionWorker worker(context, socket, tls);
  spawn(context.get_executor(), "session_worker", worker.run());
  context.run();
  return 0;
}

}  // namespace postern::agent

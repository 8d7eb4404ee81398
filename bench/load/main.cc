/// postern-bench-load ENDPOINT CA_BUNDLE: holds idle nodes and sessions on a service.
///
/// Standard input has commands, a line each, each answered by one line once it is done; the end of the input
/// ends the program. A command that fails, and a connection that is lost later on, ends it with status 1 and
/// the reason on standard error.
///
///     nodes COUNT ACTIVATION_ID ACTIVATION_CODE    registers COUNT nodes more and opens their control
///     channels sessions COUNT                               starts COUNT sessions, spread over the nodes,
///     with both ends
///
/// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say who starts the sessions.

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "agent/signal.h"
#include "base/log.h"
#include "load/client.h"
#include "load/node.h"
#include "net/runtime.h"

namespace {

using namespace postern;
namespace asio = boost::asio;

// Enough to keep a service busy; more would only wait in its queue.
constexpr std::size_t kAtOnce = 32;
constexpr std::size_t kMaxLineBytes = 4096;

class Load {
 public:
  Load(asio::io_context& context, net::Url endpoint, const std::string& ca_bundle)
      : context_(context),
        executor_(context.get_executor()),
        tls_(ca_bundle),
        service_{std::move(endpoint), "us-east-1", &tls_, &clock_},
        input_(context, ::dup(STDIN_FILENO)),
        progress_(executor_) {}

  void start() { run_alone(serve_input()); }
  int status() const { return status_; }

 private:
  net::awaitable<void> serve_input() {
    std::string buffer;
    for (;;) {
      boost::system::error_code end;
      const auto size = co_await asio::async_read_until(input_, asio::dynamic_buffer(buffer, kMaxLineBytes),
                                                        '\n', asio::redirect_error(asio::use_awaitable, end));
      if (end) break;
      std::istringstream line(buffer.substr(0, size));
      buffer.erase(0, size);
      co_await obey(line);
    }
    context_.stop();
  }

  net::awaitable<void> obey(std::istream& line) {
    std::string command;
    std::size_t count = 0;
    line >> command >> count;
    if (command == "nodes") {
      std::string id;
      std::string code;
      line >> id >> code;
      co_await add_nodes(count, {id, Secret(code)});
    } else if (command == "sessions" && !nodes_.empty()) {
      co_await add_sessions(count);
    } else {
      throw std::runtime_error("no such command: " + command);
    }
    std::cout << command << ' ' << count << std::endl;
  }

  net::awaitable<void> add_nodes(std::size_t count, bench::Activation activation) {
    const auto wanted = nodes_.size() + count;
    while (nodes_.size() < wanted) {
      while (under_way_ >= kAtOnce) co_await progress_.wait();
      nodes_.push_back(std::make_unique<bench::Node>(executor_, service_, key_,
                                                     [this](const std::string&) { finish_one(); }));
      ++under_way_;
      run_alone(run_node(*nodes_.back(), activation));
    }
    while (under_way_ > 0) co_await progress_.wait();
  }

  net::awaitable<void> run_node(bench::Node& node, bench::Activation activation) {
    co_await node.connect(std::move(activation));
    finish_one();
    co_await node.serve();
  }

  net::awaitable<void> add_sessions(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      while (under_way_ >= kAtOnce) co_await progress_.wait();
      clients_.push_back(std::make_unique<bench::Client>(service_));
      // Until the node's end has heard that the client's has the prompt.
      ++under_way_;
      run_alone(run_client(*clients_.back(), nodes_[i % nodes_.size()]->id()));
    }
    while (under_way_ > 0) co_await progress_.wait();
  }

  net::awaitable<void> run_client(bench::Client& client, std::string node_id) {
    co_await client.connect(std::move(node_id), credentials());
    co_await client.serve();
  }

  static aws::Credentials credentials() {
    const auto* id = std::getenv("AWS_ACCESS_KEY_ID");
    const auto* secret = std::getenv("AWS_SECRET_ACCESS_KEY");
    if (id == nullptr || secret == nullptr) throw std::runtime_error("sessions need AWS credentials");
    return {id, Secret(std::string(secret)), std::nullopt};
  }

  void finish_one() {
    --under_way_;
    progress_.notify();
  }

  /// What fails ends the program.
  void run_alone(net::awaitable<void> work) {
    asio::co_spawn(executor_, std::move(work), [this](const std::exception_ptr& failure) {
      if (!failure || status_ != 0) return;
      std::cerr << "postern-bench-load: " << agent::failure_text(failure) << '\n';
      status_ = 1;
      context_.stop();
    });
  }

  asio::io_context& context_;
  asio::any_io_executor executor_;
  SystemClock clock_;
  net::TlsClientContext tls_;
  agent::Service service_;
  asio::posix::stream_descriptor input_;
  aws::NodeKey key_ = aws::NodeKey::generate();
  std::vector<std::unique_ptr<bench::Node>> nodes_;
  std::vector<std::unique_ptr<bench::Client>> clients_;
  std::size_t under_way_ = 0;
  agent::Signal progress_;
  int status_ = 0;
};

void allow_many_sockets() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: postern-bench-load ENDPOINT CA_BUNDLE\n";
    return 2;
  }
  auto endpoint = net::Url::parse(argv[1]);
  if (!endpoint) {
    std::cerr << "postern-bench-load: " << argv[1] << ": " << endpoint.error() << '\n';
    return 2;
  }
  log::configure(log::Level::kWarning, log::Format::kText);
  allow_many_sockets();
  net::ignore_sigpipe();
  asio::io_context context(1);
  Load load(context, std::move(*endpoint), argv[2]);
  load.start();
  context.run();
  return load.status();
}

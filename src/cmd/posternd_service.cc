#include "cmd/posternd_service.h"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <future>
#include <thread>

#include "base/log.h"
#include "base/random.h"

namespace postern {
namespace {

using boost::asio::awaitable;
using boost::asio::use_awaitable;

std::size_t thread_count(const PosterndConfig& config) {
  return config.threads > 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

// A server lives on its own executor, so it is stopped there.
awaitable<void> stop_server(net::HttpServer* server, std::chrono::seconds limit) {
  co_await server->stop(limit);
}

}  // namespace

PosterndService::PosterndService(const PosterndConfig& config, store::Store& store,
                                 const auth::Installation& installation, const net::TlsServerContext& tls)
    : config_(config),
      store_(store),
      threads_(thread_count(config)),
      gateway_(threads_, store, bus_, clock_, config.sessions),
      authenticator_(store, clock_, installation),
      services_{.store = store,
                .gateway = gateway_,
                .authorizer = authorizer_,
                .installation = installation,
                .clock = clock_,
                .public_host = config.public_host,
                .page_token_key = Secret(random_text(32, kAlphanumeric))},
      dispatcher_(services_, authenticator_),
      tls_(tls) {}

// The threads end first: what is suspended on them refers to everything else.
PosterndService::~PosterndService() {
  threads_.stop();
  threads_.join();
}

void PosterndService::start() {
  // Bound before anything runs, so that a port in use is a plain error of the start.
  auto port = config_.listen_port;
  try {
    net::require_free_port(config_.listen_address, port);
  } catch (const boost::system::system_error& failure) {
    throw ConfigError(fmt::format("cannot listen on {}, port {}: {}. Choose another with --listen.",
                                  config_.listen_address, port, failure.code().message()));
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    servers_.push_back(std::make_unique<net::HttpServer>(threads_.executor(i), config_.listen_address, port,
                                                         tls_, dispatcher_, config_.http));
    port = servers_.front()->port();
  }
  auto recovered = boost::asio::co_spawn(threads_.executor(0), gateway_.recover(), boost::asio::use_future);
  threads_.run();
  recovered.get();
}

std::uint16_t PosterndService::port() const {
  return servers_.front()->port();
}

awaitable<void> PosterndService::stop() {
  // The signal thread awaits each server in turn; together they take no longer than the slowest, since each
  // stops accepting at once.
  std::vector<std::future<void>> stopping;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    stopping.push_back(boost::asio::co_spawn(
        threads_.executor(i), stop_server(servers_[i].get(), config_.drain), boost::asio::use_future));
  }
  co_await gateway_.drain();
  co_await store_.flush();
  boost::asio::steady_timer poll(co_await boost::asio::this_coro::executor);
  const auto deadline = std::chrono::steady_clock::now() + config_.drain;
  for (auto& server : stopping) {
    while (server.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
           std::chrono::steady_clock::now() < deadline) {
      poll.expires_after(std::chrono::milliseconds(20));
      co_await poll.async_wait(use_awaitable);
    }
  }
  co_await store_.flush();
}

void PosterndService::run_until_signalled() {
  boost::asio::io_context waiting{1};
  boost::asio::signal_set signals(waiting, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code ec, int signal) {
    if (ec) return;
    log::info("stopping", {{"signal", signal}});
    // A second signal means: now.
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    boost::asio::co_spawn(waiting, stop(), [&](const std::exception_ptr& failure) {
      if (failure) log::error("stop_failed");
      waiting.stop();
    });
  });
  waiting.run();
  threads_.stop();
  threads_.join();
  log::info("stopped");
}

}  // namespace postern

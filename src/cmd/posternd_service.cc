#include "cmd/posternd_service.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <future>
#include <thread>
#include <utility>

#include "auth/temporary_credentials.h"
#include "base/log.h"
#include "base/random.h"
#include "net/https_fetch.h"

namespace postern {
namespace {

using boost::asio::awaitable;
using boost::asio::use_awaitable;

// What is queued on the legs is given this long to leave.
constexpr std::chrono::seconds kLegDrain{1};
constexpr std::chrono::seconds kHousekeeping{5};
constexpr std::chrono::minutes kClearing{10};

std::size_t thread_count(const PosterndConfig& config) {
  return config.threads > 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

// A server lives on its own executor, so it is stopped there.
awaitable<void> stop_server(net::HttpServer* server, std::chrono::seconds limit) {
  co_await server->stop(limit);
}

// How the documents of identity providers are fetched.
auth::OidcKeys::Fetch fetch_with(const PosterndConfig& config) {
  return [options = net::HttpsFetchOptions{.ca_bundle = config.oidc_ca_bundle}](const std::string& url) {
    return net::https_fetch(url, options);
  };
}

}  // namespace

PosterndService::PosterndService(const PosterndConfig& config, store::Store& store, store::Sealer sealer,
                                 const auth::Installation& installation, const net::TlsServerContext& tls)
    : config_(config),
      store_(store),
      threads_(thread_count(config)),
      authorizer_(store, std::move(sealer), clock_, installation),
      gateway_(threads_, store, bus_, clock_, config.sessions, config.limits),
      authenticator_(store, clock_, installation),
      sign_in_(store, clock_, fetch_with(config)),
      services_{.store = store,
                .gateway = gateway_,
                .authorizer = authorizer_,
                .sign_in = sign_in_,
                .bus = bus_,
                .installation = installation,
                .clock = clock_,
                .public_host = config.public_host,
                .page_token_key = Secret(random_text(32, kAlphanumeric)),
                .trusted_proxies = config.trusted_proxies},
      dispatcher_(services_, authenticator_),
      review_(services_, threads_.executor(0)),
      tls_(tls) {}

// The threads end first: what is suspended on them refers to everything else.
PosterndService::~PosterndService() {
  threads_.stop();
  threads_.join();
}

void PosterndService::start() {
  auto port = config_.listen_port;
  try {
    net::require_free_port(config_.listen_address, port);
  } catch (const boost::system::system_error& failure) {
    throw ConfigError(fmt::format("cannot listen on {}, port {}: {}. Choose another with --listen.",
                                  config_.listen_address, port, failure.code().message()));
  }
  // The sessions first: an end that came back before its session would be told that it is over.
  threads_.run();
  boost::asio::co_spawn(threads_.executor(0), gateway_.recover(), boost::asio::use_future).get();
  review_.start();
  boost::asio::co_spawn(threads_.executor(0), keep_house(), [](const std::exception_ptr& failure) {
    if (failure) log::error("housekeeping_ended");
  });
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    servers_.push_back(std::make_unique<net::HttpServer>(threads_.executor(i), config_.listen_address, port,
                                                         tls_, dispatcher_, config_.http));
    port = servers_.front()->port();
  }
}

awaitable<void> PosterndService::keep_house() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  auto cleared = std::chrono::steady_clock::time_point::min();
  for (;;) {
    authenticator_.flush_uses();
    const auto now = std::chrono::steady_clock::now();
    if (cleared == std::chrono::steady_clock::time_point::min() || now - cleared >= kClearing) {
      cleared = now;
      store_.post("remove expired credentials",
                  [before = clock_.now() - auth::kExpiredKept](store::Repositories& repos) {
                    repos.temporary_credentials.remove_expired(before);
                  });
    }
    timer.expires_after(kHousekeeping);
    co_await timer.async_wait(use_awaitable);
  }
}

std::uint16_t PosterndService::port() const {
  return servers_.front()->port();
}

awaitable<void> PosterndService::stop() {
  // No new connections, while the relay goes on: the ends look for another service only once their legs are
  // closed, and give up after some seconds (data-channel.md 2.7).
  std::vector<std::future<void>> stopping;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    stopping.push_back(boost::asio::co_spawn(
        threads_.executor(i), stop_server(servers_[i].get(), config_.drain), boost::asio::use_future));
  }
  const auto stopped = [&] {
    return std::ranges::all_of(stopping, [](auto& server) {
      return server.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
  };
  boost::asio::steady_timer poll(co_await boost::asio::this_coro::executor);
  const auto wait = [&poll]() -> awaitable<void> {
    poll.expires_after(std::chrono::milliseconds(10));
    co_await poll.async_wait(use_awaitable);
  };
  auto deadline = std::chrono::steady_clock::now() + config_.drain;
  while (!stopped() && std::chrono::steady_clock::now() < deadline) co_await wait();

  deadline = std::chrono::steady_clock::now() + kLegDrain;
  while (co_await gateway_.queued_bytes() > 0 && std::chrono::steady_clock::now() < deadline) co_await wait();
  co_await gateway_.drain();
  authenticator_.flush_uses();
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

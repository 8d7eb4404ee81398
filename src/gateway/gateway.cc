#include "gateway/gateway.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <iterator>
#include <utility>

#include "auth/token.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/frames.h"
#include "gateway/home.h"

namespace postern::gateway {
namespace {

using boost::asio::awaitable;
using boost::asio::co_spawn;
using boost::asio::use_awaitable;

constexpr std::size_t kMaxSessionId = 96;
constexpr std::size_t kSessionSuffix = 17;

// Runs `work(home)` on the home's thread and comes back with its result.
template <class F>
awaitable<std::invoke_result_t<F, Home&>> on(Home& home, F work) {
  using Result = std::invoke_result_t<F, Home&>;
  auto run = [](Home& at, F what) -> awaitable<Result> { co_return what(at); };
  co_return co_await co_spawn(home.executor(), run(home, std::move(work)), use_awaitable);
}

}  // namespace

Gateway::Gateway(net::IoThreads& threads, store::Store& store, bus::Bus& bus, const Clock& clock,
                 SessionTimes times, SessionLimits limits)
    : store_(store), bus_(bus), clock_(clock), times_(times), counts_(limits) {
  for (std::size_t i = 0; i < threads.size(); ++i)
    homes_.push_back(std::make_unique<Home>(threads.executor(i), *this));
}

Gateway::~Gateway() = default;

Home& Gateway::home_of(const std::string& id) const {
  return *homes_[std::hash<std::string>{}(id) % homes_.size()];
}

std::string Gateway::new_session_id(const std::string& owner) const {
  const auto candidate = [&] {
    return owner.substr(0, kMaxSessionId - 1 - kSessionSuffix) + '-' +
           random_text(kSessionSuffix, kHexAlphabet);
  };
  auto best = candidate();
  // With so many draws a thread is missed once in a few thousand times.
  for (std::size_t draw = 0; homes_.size() > 1 && draw < 8 * homes_.size(); ++draw) {
    auto other = candidate();
    if (home_of(other).session_count() < home_of(best).session_count()) best = std::move(other);
  }
  return best;
}

awaitable<void> Gateway::recover() {
  auto records = co_await store_.read([](store::Repositories& repos) {
    return repos.sessions.list({.state = store::SessionQuery::State::kActive, .limit = SIZE_MAX});
  });
  for (auto& record : records) {
    auto& home = home_of(record.session_id);
    co_await on(home, [this, record](Home& at) {
      return at.add(record, {}, counts_.take_anyway(record.target, record.owner_arn)) != nullptr;
    });
  }
  for (auto& home : homes_) {
    co_await on(*home, [](Home& at) {
      at.start();
      return true;
    });
  }
}

std::string Gateway::issue_control_token(const std::string& node_id) {
  return control_tokens_.issue(node_id, std::chrono::steady_clock::now());
}

awaitable<std::optional<std::string>> Gateway::issue_data_token(std::string session_id, std::string node_id) {
  const bool theirs = co_await on(home_of(session_id), [session_id, node_id](Home& home) {
    const auto session = home.find(session_id);
    return session && session->record().target == node_id;
  });
  if (!theirs) co_return std::nullopt;
  co_return data_tokens_.issue(session_id, std::chrono::steady_clock::now());
}

awaitable<std::expected<std::string, std::string>> Gateway::start(NewSession session) {
  auto place = counts_.take(session.node_id, session.owner_arn);
  if (!place) {
    log::warning("session_refused",
                 {{"node", session.node_id}, {"owner", session.owner_arn}, {"reason", place.error()}});
    co_return std::unexpected(std::move(place.error()));
  }
  auto token = auth::Token::make();
  const auto now = clock_.now();
  store::Session record{.session_id = session.session_id,
                        .target = session.node_id,
                        .document_name = session.document_name,
                        .document_version = session.document_version,
                        .session_type = session.document.session_type,
                        .idle_timeout = session.idle_timeout,
                        .max_duration = session.max_duration,
                        .owner_arn = session.owner_arn,
                        .owner_id = session.owner_id,
                        .reason = session.reason,
                        .authorization = session.authorization,
                        .status = store::SessionStatus::kConnecting,
                        .started = now,
                        .client_token_hash = token.hash,
                        .client_token_expires = now + kClientTokenLifetime};
  auto message = make_interactive_shell(
      {.session_id = session.session_id,
       .document_name = session.document_name,
       .document = session.document,
       .run_as_user = session.run_as_user,
       .session_owner_arn = session.owner_arn,
       .data_channel_token = data_tokens_.issue(session.session_id, std::chrono::steady_clock::now())},
      now);
  auto& home = home_of(session.session_id);
  // The node starts working while the record is on its way to the disk; the caller hears of the session only
  // once it is there.
  auto live = co_await on(home, [this, record, message, &place](Home& at) {
    // Queued before the node hears of it, so that nothing that it says can be written before there is a row.
    store_.post("new session", [record](store::Repositories& repos) { repos.sessions.add(record); });
    return at.add(record, message, std::move(*place));
  });
  // An answer means that the session is recorded; posted work that failed leaves nothing to find.
  co_await store_.flush();
  const bool recorded = co_await store_.read(
      [id = record.session_id](store::Repositories& repos) { return repos.sessions.find(id).has_value(); });
  if (!recorded) {
    co_await on(home, [live](Home&) {
      live->terminate("The service could not record the session.");
      return true;
    });
    throw store::StoreError("the session could not be recorded");
  }
  co_return std::move(token.value);
}

awaitable<std::optional<std::string>> Gateway::resume(std::string session_id) {
  auto token = auth::Token::make();
  const auto expires = clock_.now() + kClientTokenLifetime;
  const bool found = co_await on(home_of(session_id), [session_id, hash = token.hash, expires](Home& home) {
    const auto session = home.find(session_id);
    if (!session || !session->resumable()) return false;
    session->set_client_token(hash, expires);
    return true;
  });
  if (!found) co_return std::nullopt;
  co_await store_.flush();
  co_return std::move(token.value);
}

awaitable<bool> Gateway::terminate(std::string session_id, std::string text) {
  const bool found = co_await on(home_of(session_id), [session_id, text](Home& home) {
    const auto session = home.find(session_id);
    if (!session || session->over()) return false;
    session->terminate(text);
    return true;
  });
  if (found) co_await store_.flush();
  co_return found;
}

awaitable<std::vector<LiveGrant>> Gateway::live_sessions() {
  std::vector<LiveGrant> all;
  for (auto& home : homes_) {
    auto there = co_await on(*home, [](Home& at) { return at.live_sessions(); });
    all.insert(all.end(), std::make_move_iterator(there.begin()), std::make_move_iterator(there.end()));
  }
  co_return all;
}

awaitable<std::vector<LiveGrant>> Gateway::live_control_channels() {
  std::vector<LiveGrant> all;
  for (auto& home : homes_) {
    auto there = co_await on(*home, [](Home& at) { return at.live_control_channels(); });
    all.insert(all.end(), std::make_move_iterator(there.begin()), std::make_move_iterator(there.end()));
  }
  co_return all;
}

awaitable<void> Gateway::drop_node(std::string node_id, std::string reason) {
  // An upgrade under way must not find its token.
  control_tokens_.forget(node_id);
  for (auto& home : homes_) {
    co_await on(*home, [node_id, reason](Home& at) {
      at.close_channel(node_id, reason);
      at.end_sessions_of(node_id, reason);
      return true;
    });
  }
}

net::AcceptUpgrade Gateway::accept_control_channel(const std::string& node_id, std::string authorization) {
  auto& home = home_of(node_id);
  return {
      .home = home.executor(),
      .run =
          [&home, node_id, authorization = std::move(authorization)](std::unique_ptr<net::WebSocket> socket) {
            return home.serve_control_channel(node_id, authorization, std::move(socket));
          },
      .limits = {.max_message_bytes = 1024 * 1024}};
}

net::AcceptUpgrade Gateway::accept_data_channel(const std::string& session_id,
                                                const auth::Principal& caller) {
  auto& home = home_of(session_id);
  const auto node_id = caller.kind == auth::PrincipalKind::kNode ? caller.name : std::string();
  return {.home = home.executor(),
          .run =
              [&home, session_id, node_id](std::unique_ptr<net::WebSocket> socket) {
                return home.serve_data_channel(session_id, node_id, std::move(socket));
              },
          .limits = {.max_message_bytes = 2 * 1024 * 1024}};
}

awaitable<void> Gateway::drain() {
  for (auto& home : homes_) {
    co_await on(*home, [](Home& at) {
      at.drain();
      return true;
    });
  }
}

awaitable<std::size_t> Gateway::queued_bytes() {
  std::size_t total = 0;
  for (auto& home : homes_) {
    total += co_await on(*home, [](Home& at) { return at.queued_bytes(); });
  }
  co_return total;
}

}  // namespace postern::gateway

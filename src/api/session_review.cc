#include "api/session_review.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/changes.h"
#include "api/ssm/session_access.h"
#include "auth/credential_state.h"
#include "base/log.h"

namespace postern::api {
namespace {

/// A live session and what it was allowed by.
struct Reviewed {
  std::string session_id;
  RecordedAccess access;
};

// Sessions from before their access was recorded, and records that can't be read, are left alone: that
// nothing is known against them is no reason to end them, and they do end.
std::vector<Reviewed> readable(const Services& services, std::vector<gateway::LiveGrant> live) {
  std::vector<Reviewed> out;
  out.reserve(live.size());
  for (auto& [id, sealed] : live) {
    if (sealed.empty()) continue;
    const auto text = services.authorizer.unseal_record(sealed, id);
    auto access = text ? recorded_access_from(*text) : std::nullopt;
    if (!access) {
      log::warning("session_access_unreadable", {{"session", id}});
      continue;
    }
    out.push_back({std::move(id), std::move(*access)});
  }
  return out;
}

using States = std::vector<auth::CredentialState>;

awaitable<States> credential_states(const Services& services, const std::vector<Reviewed>& sessions) {
  std::vector<auth::Principal> principals;
  principals.reserve(sessions.size());
  for (const auto& session : sessions) principals.push_back(session.access.principal);
  co_return co_await services.store.read(
      [principals = std::move(principals), now = services.clock.now()](store::Repositories& repos) {
        // Most sessions are of a few people.
        std::map<std::string, auth::CredentialState> known;
        States states;
        states.reserve(principals.size());
        for (const auto& principal : principals) {
          const auto [found, fresh] = known.try_emplace(principal.user_id + ' ' + principal.access_key_id);
          if (fresh) found->second = auth::credential_state(repos, principal, now);
          states.push_back(found->second);
        }
        return states;
      });
}

struct PresentNode {
  auth::Principal principal;
  store::Tags tags;
};

// In the order of the channels; nothing for a node that is gone. One read, however many they are.
awaitable<std::vector<std::optional<PresentNode>>> present_nodes(
    const Services& services, const std::vector<gateway::LiveGrant>& channels) {
  std::vector<std::string> ids;
  ids.reserve(channels.size());
  for (const auto& channel : channels) ids.push_back(channel.id);
  co_return co_await services.store.read(
      [ids = std::move(ids), &names = services.installation](store::Repositories& repos) {
        std::vector<std::optional<PresentNode>> found;
        found.reserve(ids.size());
        for (const auto& id : ids) {
          const auto node = repos.nodes.find(id);
          found.push_back(node ? std::optional(PresentNode{auth::node_principal(names, *node),
                                                           repos.tags.list(store::kNodeTags, id)})
                               : std::nullopt);
        }
        return found;
      });
}

std::optional<std::string> refusal(const auth::Decision& decision) {
  if (decision.allowed) return std::nullopt;
  return fmt::format("It is no longer allowed. {}.", decision.message);
}

awaitable<void> end_session(const Services& services, std::string id, std::string why) {
  log::info("session_revoked", {{"session", id}, {"reason", why}});
  co_await services.gateway.terminate(std::move(id), std::move(why));
}

}  // namespace

SessionReview::SessionReview(const Services& services, boost::asio::any_io_executor executor)
    : services_(services), executor_(std::move(executor)), expiry_timer_(executor_) {}

SessionReview::~SessionReview() = default;

void SessionReview::start() {
  identities_ =
      services_.bus.subscribe(std::string(kIdentitiesChanged), executor_, [this](const std::string&) {
        // Also when it was another service node that changed them.
        services_.authorizer.invalidate();
        request();
      });
  resources_ = services_.bus.subscribe(std::string(kResourcesChanged), executor_,
                                       [this](const std::string&) { request(); });
  expiries_ =
      services_.bus.subscribe(std::string(kSessionExpires), executor_, [this](const std::string& micros) {
        std::int64_t when = 0;
        const auto [end, error] = std::from_chars(micros.data(), micros.data() + micros.size(), when);
        if (error == std::errc() && end == micros.data() + micros.size()) expect(from_unix_micros(when));
      });
  services_.gateway.on_control_channel_opened(
      [this](const std::string& node_id, const std::string& authorization) {
        boost::asio::post(executor_, [this, node_id, authorization] {
          opened_.push_back({node_id, authorization});
          wake();
        });
      });
  boost::asio::dispatch(executor_, [this] {
    arm();
    request();
  });
}

void SessionReview::arm() {
  expiry_timer_.expires_after(kExpiryTick);
  expiry_timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    arm();
    if (next_expiry_ && *next_expiry_ <= services_.clock.now()) request();
  });
}

void SessionReview::request() {
  everything_ = true;
  wake();
}

void SessionReview::expect(Timestamp expiry) {
  next_expiry_ = std::min(next_expiry_.value_or(expiry), expiry);
}

void SessionReview::wake() {
  if (std::exchange(running_, true)) return;
  boost::asio::co_spawn(executor_, run(), [this](const std::exception_ptr& failure) {
    running_ = false;
    if (!failure) return;
    // What could not be asked now is asked again at the next tick: nobody else will.
    next_expiry_ = services_.clock.now();
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& reason) {
      log::error("session_review_failed", {{"reason", reason.what()}});
    }
  });
}

awaitable<void> SessionReview::run() {
  while (everything_ || !opened_.empty()) {
    auto channels = std::exchange(opened_, {});
    if (std::exchange(everything_, false)) {
      next_expiry_.reset();
      // People first: there may be many more nodes.
      co_await review_sessions();
      channels = co_await services_.gateway.live_control_channels();
    }
    co_await review_nodes(std::move(channels));
  }
}

awaitable<void> SessionReview::review_sessions() {
  auto sessions = readable(services_, co_await services_.gateway.live_sessions());
  const auto states = co_await credential_states(services_, sessions);
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    auto& [id, access] = sessions[i];
    if (!states[i].ended_because.empty()) {
      co_await end_session(services_, std::move(id), "It is no longer allowed. " + states[i].ended_because);
      continue;
    }
    if (states[i].expires) expect(*states[i].expires);
    const auto decision = co_await ssm::may_start(services_, std::move(access));
    if (auto why = refusal(decision)) co_await end_session(services_, std::move(id), std::move(*why));
  }
}

awaitable<void> SessionReview::review_nodes(std::vector<gateway::LiveGrant> channels) {
  const auto nodes = co_await present_nodes(services_, channels);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    auto& [id, authorization] = channels[i];
    auto opened_by = recorded_access_from(authorization);
    // A node that was deregistered is dropped by that operation.
    if (!opened_by || !nodes[i]) continue;
    auth::Access access{.action = "ssmmessages:OpenControlChannel"};
    access.about(node_resource(services_.installation, id, nodes[i]->tags));
    const auto decision = co_await services_.authorizer.decide(nodes[i]->principal, std::move(access),
                                                               std::move(opened_by->request_keys));
    if (auto why = refusal(decision)) {
      log::info("node_revoked", {{"node", id}, {"reason", *why}});
      co_await services_.gateway.drop_node(std::move(id), std::move(*why));
    }
  }
}

}  // namespace postern::api

#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/principal.h"
#include "bus/bus.h"
#include "gateway/live_session.h"
#include "gateway/one_time_tokens.h"
#include "gateway/presence.h"
#include "gateway/session_counts.h"
#include "net/http_server.h"
#include "net/runtime.h"
#include "store/store.h"
#include "wire/control_payloads.h"

namespace postern::gateway {

class Home;

/// A session as StartSession asks for it, after authorization.
struct NewSession {
  std::string session_id;
  std::string node_id;
  std::string document_name;
  /// The number of the document's version.
  std::string document_version;
  /// Resolved: without placeholders, in the JSON types that official agents demand.
  wire::SessionDocument document;
  /// Goes before `runAsDefaultUser` of the document's inputs; empty: that one applies.
  std::string run_as_user;
  /// Zero: no limit.
  std::chrono::seconds idle_timeout{0};
  std::chrono::seconds max_duration{0};
  std::string owner_arn;
  std::string owner_id;
  std::string reason;
  /// What allowed it: kept with the session, not read here.
  std::string authorization;
};

/// Something that lives because it was allowed, for whoever asks whether it still is. `authorization` is what
/// start() or accept_control_channel() was given.
struct LiveGrant {
  /// The session's or the node's.
  std::string id;
  std::string authorization;
};

/// The face of the gateway towards the API. Thread-safe: every call finds its way to the right home thread.
class Gateway {
 public:
  /// How long a client's token may wait for its first frame.
  static constexpr std::chrono::minutes kClientTokenLifetime{5};

  /// All must outlive the gateway.
  Gateway(net::IoThreads& threads, store::Store& store, bus::Bus& bus, const Clock& clock, SessionTimes times,
          SessionLimits limits);
  ~Gateway();

  /// Takes up the sessions that the store says are not over: their ends come back by themselves. Once, before
  /// listening.
  boost::asio::awaitable<void> recover();

  /// Whether the node has an open control channel.
  bool connected(const std::string& node_id) const { return presence_->connected(node_id); }

  /// A token for the node's next control channel.
  std::string issue_control_token(const std::string& node_id);

  /// A token for the node's end of a session; nothing when the session is over or is not this node's.
  boost::asio::awaitable<std::optional<std::string>> issue_data_token(std::string session_id,
                                                                      std::string node_id);

  /// An id for a session of `owner`: `owner-` and 17 hexadecimal digits, at most 96 characters; policies rely
  /// on the name in front (control-plane.md 7.3). Chosen so that the session's home is a thread with few of
  /// them: whoever types should not wait behind somebody else's bulk data while another thread is idle.
  std::string new_session_id(const std::string& owner) const;

  /// Records the session, sends its start message to the node while the record is written, and returns the
  /// client's token; or a text for the person when there are too many sessions already. Throws
  /// store::StoreError, and then there is no session.
  boost::asio::awaitable<std::expected<std::string, std::string>> start(NewSession session);

  /// A fresh token for the client's end; nothing when the session is over.
  boost::asio::awaitable<std::optional<std::string>> resume(std::string session_id);

  /// Ends the session, showing `text` to the person. False when it is over already or unknown. The new status
  /// is on disk when this returns.
  boost::asio::awaitable<bool> terminate(std::string session_id, std::string text);

  /// All sessions that are not over or ending, and all open control channels.
  boost::asio::awaitable<std::vector<LiveGrant>> live_sessions();
  boost::asio::awaitable<std::vector<LiveGrant>> live_control_channels();

  /// `call` hears of each control channel that has opened, on any thread: that a node may have one was
  /// decided some time before. Once, before listening.
  void on_control_channel_opened(
      std::function<void(const std::string& node_id, const std::string& authorization)> call) {
    control_channel_opened_ = std::move(call);
  }

  /// The node may no longer be here: closes its control channel, telling it `reason` (at most 123 bytes of
  /// it), and ends its sessions with that text.
  boost::asio::awaitable<void> drop_node(std::string node_id, std::string reason);

  /// The node was authenticated and the path names it.
  net::AcceptUpgrade accept_control_channel(const std::string& node_id, std::string authorization);

  /// `caller` is the node when a node signed the upgrade; clients need not sign.
  net::AcceptUpgrade accept_data_channel(const std::string& session_id, const auth::Principal& caller);

  /// Half-closes every leg, so that the ends go elsewhere without losing a byte.
  boost::asio::awaitable<void> drain();

  /// Bytes that have not left yet, over all legs.
  boost::asio::awaitable<std::size_t> queued_bytes();

 private:
  friend class Home;
  Home& home_of(const std::string& id) const;

  store::Store& store_;
  bus::Bus& bus_;
  const Clock& clock_;
  const SessionTimes times_;
  /// Shared with the control channels, whose coroutines may end after the gateway.
  std::shared_ptr<Presence> presence_ = std::make_shared<Presence>();
  OneTimeTokens control_tokens_;
  OneTimeTokens data_tokens_;
  SessionCounts counts_;
  std::function<void(const std::string&, const std::string&)> control_channel_opened_;
  std::vector<std::unique_ptr<Home>> homes_;
};

}  // namespace postern::gateway

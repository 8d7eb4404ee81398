#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "bus/bus.h"
#include "gateway/control_channel.h"
#include "gateway/live_session.h"
#include "gateway/session_counts.h"
#include "store/store.h"

namespace postern::gateway {

class Gateway;
struct LiveGrant;

/// What lives on one io thread: the control channels of the nodes and the sessions that are at home here.
/// Everything but the constructor is called on that thread, so nothing is locked.
class Home final : public SessionHost, public ControlChannelEvents {
 public:
  Home(boost::asio::any_io_executor executor, Gateway& gateway);
  ~Home() override;

  static constexpr std::size_t kMaxUnheard = 4096;

  boost::asio::any_io_executor executor() { return executor_; }

  /// Serves a node's control channel until it ends; a newer one of the same node takes its place.
  boost::asio::awaitable<void> serve_control_channel(std::string node_id, std::string authorization,
                                                     std::shared_ptr<net::WebSocket> socket);

  /// The first frame of a data channel decides whose it is; then its session takes it.
  boost::asio::awaitable<void> serve_data_channel(std::string session_id, std::string node_id,
                                                  std::shared_ptr<net::WebSocket> socket);

  std::shared_ptr<LiveSession> find(const std::string& session_id);
  /// The session keeps its place among the counted ones until it is forgotten.
  std::shared_ptr<LiveSession> add(store::Session record, Bytes start_message, SessionCounts::Place place);
  std::vector<LiveGrant> live_sessions() const;
  std::vector<LiveGrant> live_control_channels() const;
  /// Closes the node's channel, if it has one, and tells the node why.
  void close_channel(const std::string& node_id, const std::string& reason);
  /// Ends the sessions of a node.
  void end_sessions_of(const std::string& node_id, const std::string& text);
  /// Ends the sessions of a node that its agent no longer holds.
  void keep_only(const std::string& node_id, const std::vector<std::string>& held);

  /// The node has opened a control channel: orders to end a session that it can't have heard are repeated.
  void node_connected(const std::string& node_id);

  /// From any thread.
  std::size_t session_count() const { return session_count_.load(std::memory_order_relaxed); }

  void start();
  void drain();
  /// Bytes that have not left yet, over all legs.
  std::size_t queued_bytes() const;

  // SessionHost
  void save(const store::Session& record) override;
  bool send_to_node(const std::string& node_id, Bytes message) override;
  void finished(const std::string& session_id) override;

  // ControlChannelEvents
  void task_completed(const std::string& node_id, const wire::AgentTaskComplete& task) override;
  void sessions_listed(const std::string& node_id, const std::vector<std::string>& session_ids) override;

 private:
  struct Channel {
    std::unique_ptr<ControlChannel> channel;
    std::unique_ptr<bus::Subscription> subscription;
    std::string authorization;
    /// Why the service closed it; empty when it did not.
    std::string closed_because;
  };

  struct Entry {
    std::shared_ptr<LiveSession> session;
    SessionCounts::Place place;
  };
  /// A session that was forgotten before its agent confirmed the end.
  struct Unheard {
    std::string node_id;
    std::string session_id;
  };

  void arm();
  void tick();
  std::vector<std::shared_ptr<LiveSession>> all_sessions() const;

  boost::asio::any_io_executor executor_;
  Gateway& gateway_;
  boost::asio::steady_timer timer_;
  std::unordered_map<std::string, std::shared_ptr<Channel>> channels_;
  std::unordered_map<std::string, Entry> sessions_;
  /// The size of sessions_, for other threads.
  std::atomic<std::size_t> session_count_ = 0;
  /// Oldest first, at most kMaxUnheard. An official agent that has given up its data channel keeps the
  /// session's worker, and its shell, until it is told over the control channel (control-plane.md trap 28).
  std::deque<Unheard> unheard_;
};

}  // namespace postern::gateway

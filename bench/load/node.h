#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "agent/channel_driver.h"
#include "agent/registration.h"

namespace postern::bench {

/// An activation of the service.
struct Activation {
  std::string id;
  Secret code;
};

/// A managed node without a machine: it registers, holds a control channel, and where a session is started on
/// it, one end of a data channel over which nothing but a first prompt goes. Connections and messages are the
/// agent's own. One executor; lives until the io_context has stopped.
class Node {
 public:
  /// `on_session` is called with the id of each session whose prompt has been acknowledged. `key` is any
  /// number of nodes' own, since making one takes longer than everything else here.
  Node(boost::asio::any_io_executor executor, agent::Service service, const aws::NodeKey& key,
       std::function<void(const std::string&)> on_session);

  /// Returns when the control channel is open. Throws what the calls throw.
  net::awaitable<void> connect(Activation activation);
  /// Serves the control channel; throws once it is lost.
  net::awaitable<void> serve();

  const std::string& id() const { return state_.node_id; }

 private:
  void receive(ByteView bytes);
  net::awaitable<void> hold_session(agent::ChannelDriver& driver, std::string session_id);

  boost::asio::any_io_executor executor_;
  agent::Service service_;
  const aws::NodeKey& key_;
  std::function<void(const std::string&)> on_session_;
  agent::NodeState state_;
  agent::RoleToken role_token_;
  std::shared_ptr<net::WebSocket> socket_;
  std::list<agent::ChannelDriver> sessions_;
};

}  // namespace postern::bench

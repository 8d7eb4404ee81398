#pragma once

#include <memory>
#include <string>

#include "agent/service.h"

namespace postern::bench {

/// The client's end of a session over which nothing goes: it acknowledges what comes. One executor; lives
/// until the io_context has stopped.
class Client {
 public:
  explicit Client(agent::Service service) : service_(std::move(service)) {}

  /// StartSession on a node, and its data channel. Throws what the calls throw.
  net::awaitable<void> connect(std::string node_id, aws::Credentials credentials);
  /// Serves the data channel; throws once it is lost or the session has ended.
  net::awaitable<void> serve();

 private:
  agent::Service service_;
  std::shared_ptr<net::WebSocket> socket_;
};

}  // namespace postern::bench

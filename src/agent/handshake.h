#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>

#include "agent/channel_driver.h"
#include "channel/handshake.h"

namespace postern::agent {

/// What a kind of session asks of its client before it starts (data-channel.md section 5).
struct HandshakeOffer {
  std::string session_type;
  /// Null except for Port.
  boost::json::value properties;
  channel::Extensions extensions;
};

/// What the client answered; empty where the kind needs no handshake.
struct Agreement {
  std::string client_version;
  channel::Extensions extensions;

  bool has(std::string_view extension) const { return channel::contains(extensions, extension); }
};

/// Runs the agent's side over a channel that has sent nothing yet, within channel::kHandshakeTimeout of its
/// opening. What the client sends before its answer is acknowledged and thrown away, as by official agents.
/// Error: the text with which the session fails, or nothing of use when the channel has ended.
net::awaitable<std::expected<Agreement, std::string>> shake_hands(ChannelDriver& channel,
                                                                  HandshakeOffer offer);

}  // namespace postern::agent

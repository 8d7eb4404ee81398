#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/port/listener.h"
#include "client/port/stop_signals.h"

namespace postern::client {

/// What a port session's front end wants to hear. Any may be left out.
struct PortHooks {
  /// The node listens, and so do we.
  std::function<void()> ready;
  /// The session's first local connection.
  std::function<void()> connected;
  /// One connection could not be made; the others are not concerned. `to` is empty where an official agent
  /// does not say which.
  std::function<void(std::string_view to, std::string_view reason)> refused;
  /// A signal ends the session.
  std::function<void()> interrupted;
  /// The node listens on listener `index`, at this port.
  std::function<void(std::size_t index, std::uint16_t port)> remote_ready;
  /// A line for the person.
  std::function<void(std::string_view)> tell;
};

/// The local ends of a port session.
struct PortPlan {
  struct Local {
    Listener listener;
    /// What each of its connections is to reach, as channel::Mux::open takes it.
    std::string target;
    /// The same for people.
    std::string label;
  };
  struct Remote {
    /// What the node listens on, for people.
    std::string label;
    /// Where its connections go.
    LocalAddress to;
  };
  std::vector<Local> local;
  /// SOCKS5 proxies.
  std::vector<Listener> dynamic;
  /// By the node's index of the listener.
  std::vector<Remote> remote;
  PortHooks hooks;
  OnSuspend on_suspend = OnSuspend::kSuspend;
};

}  // namespace postern::client

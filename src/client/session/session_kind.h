#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "channel/handshake.h"
#include "client/session/event.h"
#include "client/session/session_link.h"

namespace postern::client {

/// Which program the person started: the plugin's output is read by tools and holds nothing but the official
/// texts.
enum class FrontEnd { kPlugin, kPostern };

/// Descriptors that a session works on.
struct StandardDescriptors {
  int input = 0;
  int output = 1;
  int error = 2;
};

/// How a session ends from here.
enum class Parting {
  /// The node or the service is told to end it.
  kTerminate,
  /// It has come to its own end: nothing is left to be said but acknowledgements.
  kDone,
};
enum class Outage { kBegins, kIsOver };
/// Whether a handshake came before; what was sent during it is lost.
enum class Start { kPlain, kAfterHandshake };

/// What the node said about the session, before its data.
struct SessionFacts {
  std::string session_id;
  /// wire::kStandardStream and its like.
  std::string session_type;
  /// The document's properties for Port, else null.
  boost::json::value properties;
  /// Empty when there was no handshake.
  std::string agent_version;
  /// Extensions; empty with an official agent.
  channel::Extensions agreed;
};

/// What a session does once its type is known: a terminal, a command, a port. Made by a KindFactory, driven
/// by Session, on one executor.
class SessionKind {
 public:
  virtual ~SessionKind() = default;

  /// Runs beside the link until the session is to end from here. Throws system_error when the output has
  /// nowhere to go.
  virtual awaitable<Parting> run() = 0;
  /// The node listens to input from now on. May come before run().
  virtual void on_started(Start start) = 0;
  /// False stops deliveries, and with them the node; SessionLink::pull() resumes them.
  virtual bool wants_delivery() const = 0;
  /// The node's data, in order. Within the turn that received it.
  virtual void on_delivery(channel::Delivery delivery) = 0;
  /// The same in place, while wants_delivery() says so: see channel::PayloadConsumer. What it leaves comes
  /// through on_delivery().
  virtual std::size_t on_payload(wire::PayloadType /*type*/, ByteView /*payload*/) { return 0; }
  /// The channel's window may have opened.
  virtual void on_progress() = 0;
  /// A line for the person, without its end.
  virtual void tell(std::string_view line) = 0;
  /// What the node has to say at the beginning (HandshakeComplete).
  virtual void greet(std::string_view message) { tell(message); }
  virtual void on_outage(Outage outage) {
    tell(outage == Outage::kBegins ? "Connection lost, reconnecting ..." : "Connected again.");
  }
  /// The session is over: returns when what was delivered has been passed on, or at `limit`. While run()
  /// runs.
  virtual awaitable<void> drain(Event::Time /*limit*/) { co_return; }
};

/// Makes the kind for a session; the link outlives it. Error: why it can't be had, for the person.
using KindFactory = std::function<std::expected<std::unique_ptr<SessionKind>, std::string>(
    const SessionFacts&, SessionLink&)>;

}  // namespace postern::client

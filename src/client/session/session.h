#pragma once

#include <optional>
#include <string>

#include "channel/handshake.h"
#include "client/session/event.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// What the session will probably be; it may turn out to be something else.
enum class Expect {
  /// Keys are read and the size is told before the node has said anything.
  kTerminal,
  /// Standard input and output of another program, such as ssh: signals that it has us ignore stay ignored.
  kStandardStreams,
  kAnything,
};

/// The front of every session: runs the link and the handshake, then hands what comes to the kind that the
/// session's type asks for.
class Session final : private channel::PayloadConsumer {
 public:
  /// All references must outlive the session.
  Session(const boost::asio::any_io_executor& executor, SessionTicket ticket, const Settings& settings,
          ApiClient& api, const net::TlsClientContext& tls, const Clock& clock, KindFactory factory,
          Expect expect);

  /// Until the session is over and its output passed on. When the kind wants an end, the node or the service
  /// is told first.
  awaitable<SessionEnd> run();

 private:
  enum class Stage {
    /// Nothing from the node yet.
    kWaiting,
    kHandshake,
    /// The handshake is over, but the node does not listen yet.
    kGap,
    kStarted,
  };

  awaitable<SessionEnd> receive();
  awaitable<void> lead();
  /// False when the person gives up first.
  awaitable<bool> wait_for_kind();
  awaitable<void> wait_for_first_kind();
  awaitable<void> wait_for_other_kind();
  awaitable<Parting> run_kind();
  awaitable<void> leave();
  awaitable<bool> send_terminate_flag();
  awaitable<void> call_terminate();

  std::size_t on_payload(wire::PayloadType type, ByteView payload) override;
  void take_deliveries();
  /// True when it belonged to the handshake.
  bool take_handshake(const channel::Delivery& delivery);
  void on_handshake_over();
  void start();
  void make_kind();
  void fail(std::string why);
  SessionFacts facts() const;
  void tell_outage(Outage outage);

  const boost::asio::any_io_executor executor_;
  const std::string session_id_;
  const Settings& settings_;
  const net::TlsClientContext& tls_;
  const Clock& clock_;
  const KindFactory factory_;
  SessionLink link_;
  channel::ClientHandshake handshake_;
  Stage stage_ = Stage::kWaiting;
  /// In use; and the one to replace it with, when the session is no terminal after all.
  std::unique_ptr<SessionKind> kind_;
  std::unique_ptr<SessionKind> next_kind_;
  const Expect expect_;
  /// Why the session can't go on from here; empty while it can.
  std::string failure_;
  boost::asio::steady_timer gap_;
  /// The link has come to its end.
  bool over_ = false;
  /// The kind wants an end, so whatever the service says about it is our own doing.
  bool leaving_ = false;
  Event kind_changed_;
  Event progress_;
};

/// Whether an agent's version is above `bound`. Versions have four numeric components; one that has not is
/// above nothing (data-channel.md 6.4).
bool is_newer(std::string_view version, std::string_view bound);

}  // namespace postern::client

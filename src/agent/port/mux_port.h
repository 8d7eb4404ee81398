#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/port/dialer.h"
#include "agent/port/listeners.h"
#include "agent/port/port_properties.h"
#include "agent/session_kind.h"
#include "agent/source_turns.h"
#include "channel/mux.h"

namespace postern::agent {

/// A port session of many connections (data-channel.md 6.7, and docs/protocol.md for the dialect of our own
/// ends). Each stream is dialled by itself; a slow destination holds up its own stream alone in kFlow, and
/// the session in kSmux, which knows no better. One executor; must outlive its io_context's work.
class MuxPort final : private channel::MuxHandler, private channel::PayloadConsumer {
 public:
  /// `payload_bytes` is the largest Output payload. In kSmux the properties have a target.
  MuxPort(boost::asio::any_io_executor executor, Dialer& dialer, const PortProperties& properties,
          channel::MuxDialect dialect, std::size_t payload_bytes);
  ~MuxPort() override;

  /// Until the client ends the session, or what it sends makes no sense.
  net::awaitable<Completion> run(ChannelDriver& channel);

 private:
  class Stream;
  class Control;

  void on_open(std::uint32_t id, std::string_view target) override;
  void on_accept(std::uint32_t id) override;
  void on_data(std::uint32_t id, ByteView data) override;
  void on_end(std::uint32_t id) override;
  void on_reset(std::uint32_t id, std::string_view reason) override;
  void on_window(std::uint32_t id) override;
  void on_control(std::string_view text) override;

  // channel::PayloadConsumer: most bytes go from the connection's buffer to a socket without a copy.
  std::size_t on_payload(wire::PayloadType type, ByteView payload) override;

  std::expected<Target, std::string> choose_target(std::string_view text) const;
  net::awaitable<void> dial(std::shared_ptr<Stream> stream, Target target);
  void refuse(std::uint32_t id, const std::string& reason);
  void start_listeners();
  void on_connection(std::size_t listener, Dialer::Connection connection);

  void take_input();
  void feed(ByteView payload);
  void send_control();
  void queue_control();
  std::shared_ptr<Stream> find(std::uint32_t id) const;
  void forget(std::uint32_t id);
  void end(std::string status, std::string output);

  boost::asio::any_io_executor executor_;
  Dialer& dialer_;
  const PortProperties& properties_;
  std::size_t payload_bytes_;
  channel::Mux mux_;
  ChannelDriver* channel_ = nullptr;
  std::optional<SourceTurns> turns_;
  std::map<std::uint32_t, std::shared_ptr<Stream>> streams_;
  std::shared_ptr<Control> control_;
  std::optional<Listeners> listeners_;
  std::optional<Completion> completion_;
  Signal change_;
};

}  // namespace postern::agent

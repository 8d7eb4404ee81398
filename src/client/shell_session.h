#pragma once

#include <array>
#include <boost/asio/signal_set.hpp>
#include <string>

#include "channel/handshake.h"
#include "client/keyboard.h"
#include "client/session_link.h"
#include "client/standard_stream.h"
#include "client/terminal.h"

namespace postern::client {

/// Which program the person started: the plugin's output is read by tools and holds nothing but the official
/// texts.
enum class FrontEnd { kPlugin, kPostern };

struct ShellSessionOptions {
  FrontEnd front_end = FrontEnd::kPostern;
  int input = 0;
  int output = 1;
};

/// One shell session between the terminal and a node (data-channel.md 6.1): keys to the node, its output to
/// the terminal, window sizes as they change. The terminal is raw while run() runs and restored when it
/// returns.
class ShellSession {
 public:
  /// All must outlive the session.
  ShellSession(const boost::asio::any_io_executor& executor, SessionTicket ticket, const Settings& settings,
               ApiClient& api, const net::TlsClientContext& tls, const Clock& clock,
               ShellSessionOptions options);

  /// Until the session is over and its output written. SIGTERM, SIGHUP and a vanished terminal or reader of
  /// the output end it, too; then the service is asked to terminate it.
  awaitable<SessionEnd> run();

 private:
  awaitable<SessionEnd> receive();
  awaitable<void> write_output();
  awaitable<void> read_input();
  awaitable<void> forward(boost::asio::signal_set& signals);
  awaitable<void> drain_output();
  /// Asks the service to end the session, for a few seconds at most.
  awaitable<void> terminate();
  awaitable<void> open_input();

  void take_deliveries();
  void take(const channel::Delivery& delivery);
  bool take_handshake(const channel::Delivery& delivery);
  void show(std::string_view text);
  /// Sends, or holds back until the node listens.
  void send_input(std::string_view input);
  void send_size();
  bool output_has_room() const;
  bool wants_input() const;

  const std::string session_id_;
  const Settings& settings_;
  const net::TlsClientContext& tls_;
  const Clock& clock_;
  const ShellSessionOptions options_;
  SessionLink link_;
  channel::ClientHandshake handshake_;
  EscapeKeys escape_keys_;
  InputStream input_;
  OutputStream output_;
  RawTerminal terminal_;
  wire::TerminalSize sent_size_;
  /// The node listens: there is no handshake, or it is over.
  bool started_ = false;
  /// Typed before that.
  std::string typed_ahead_;
  /// For the terminal, not yet given to the system.
  Bytes pending_;
  std::size_t writing_ = 0;
  /// Why the session can't go on; the service or the agent will end it.
  std::string failure_;
  Event output_ready_;
  Event output_written_;
  Event input_allowed_;
  Event input_wanted_;
};

}  // namespace postern::client

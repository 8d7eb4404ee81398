#pragma once

#include <array>
#include <boost/asio/signal_set.hpp>
#include <string>

#include "client/session/keyboard.h"
#include "client/session/output_pump.h"
#include "client/session/session_kind.h"
#include "client/session/standard_stream.h"
#include "client/session/terminal.h"

namespace postern::client {

/// A shell or interactive command between the terminal and a node (data-channel.md 6.1): keys to the node,
/// its output to the terminal, window sizes as they change. The terminal is raw while it lives.
class TerminalSession final : public SessionKind {
 public:
  /// Tells the terminal's size at once, so that the shell's first prompt is drawn for the right width.
  TerminalSession(const boost::asio::any_io_executor& executor, SessionLink& link, FrontEnd front_end,
                  StandardDescriptors descriptors);

  /// SIGTERM, SIGHUP, the escape key, and a vanished terminal end the session.
  awaitable<Parting> run() override;
  void on_started(Start start) override;
  bool wants_delivery() const override { return output_.has_room(); }
  void on_delivery(channel::Delivery delivery) override;
  /// Acknowledgements may have opened the window.
  void on_progress() override { input_wanted_.notify(); }
  void tell(std::string_view line) override;
  void greet(std::string_view message) override;
  void on_outage(Outage outage) override;
  awaitable<void> drain(Event::Time limit) override { return output_.drain(limit); }

 private:
  awaitable<void> read_input();
  awaitable<void> forward_signals();
  void show(std::string_view text) { output_.put(as_bytes(text)); }
  /// Sends, or holds back until the node listens.
  void send_input(std::string_view input);
  void send_size();
  bool wants_input() const;

  SessionLink& link_;
  const FrontEnd front_end_;
  const int output_descriptor_;
  /// As long as the session: a terminal that goes away hangs up twice, at once and when the shell in it has
  /// ended, and the second one must not kill us while the session is being ended.
  boost::asio::signal_set signals_;
  EscapeKeys escape_keys_;
  InputStream input_;
  OutputStream output_stream_;
  OutputPump output_;
  RawTerminal terminal_;
  wire::TerminalSize sent_size_;
  bool started_ = false;
  /// Typed before that.
  std::string typed_ahead_;
  Event input_wanted_;
};

}  // namespace postern::client

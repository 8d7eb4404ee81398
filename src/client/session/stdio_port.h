#pragma once

#include <boost/asio/signal_set.hpp>

#include "client/session/byte_io.h"
#include "client/session/output_pump.h"
#include "client/session/session_kind.h"
#include "client/session/standard_stream.h"

namespace postern::client {

/// A port joined to standard input and output, for ssh's ProxyCommand (data-channel.md 6.5). The node is told
/// of the end of the input: our agent ends that direction of its connection and the session goes on, with an
/// official one it ends. Nothing but the port's bytes goes to standard output;
/// signals that the caller has us ignore stay ignored.
class StdioPort final : public SessionKind {
 public:
  StdioPort(const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
            StandardDescriptors descriptors);

  awaitable<Parting> run() override;
  void on_started(Start start) override;
  bool wants_delivery() const override { return output_.has_room(); }
  void on_delivery(channel::Delivery delivery) override;
  void on_progress() override { input_wanted_.notify(); }
  /// On standard error.
  void tell(std::string_view line) override;
  awaitable<void> drain(Event::Time limit) override { return output_.drain(limit); }

 private:
  awaitable<void> read_input();
  awaitable<void> wait_for_signal();

  SessionLink& link_;
  const std::size_t payload_bytes_;
  /// See wire::kExtensionPortInputEnd.
  const bool input_may_end_;
  /// From the beginning, so that none is lost before run().
  boost::asio::signal_set signals_;
  InputStream input_;
  OutputStream output_stream_;
  OutputPump output_;
  bool started_ = false;
  Event input_wanted_;
};

}  // namespace postern::client

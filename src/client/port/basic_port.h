#pragma once

#include <boost/asio/signal_set.hpp>
#include <deque>
#include <memory>

#include "client/port/local_stream.h"
#include "client/port/port_plan.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// A port session with an agent that is too old to multiplex (data-channel.md 6.6): one connection at a time,
/// further ones wait; the node is told when it ends, and does not tell when its own end does.
class BasicPort final : public SessionKind, private LocalStreamOwner {
 public:
  /// `plan` has one local listener.
  BasicPort(const boost::asio::any_io_executor& executor, SessionLink& link, PortPlan plan);
  ~BasicPort() override;

  awaitable<Parting> run() override;
  void on_started(Start start) override;
  bool wants_delivery() const override;
  void on_delivery(channel::Delivery delivery) override;
  void on_progress() override;
  void tell(std::string_view line) override;
  awaitable<void> drain(Event::Time limit) override;

 private:
  void on_readable(LocalStream& stream) override;
  void on_connected(LocalStream& stream) override;
  void on_written(LocalStream& stream, std::size_t size) override;
  void on_broken(LocalStream& stream, std::string_view reason) override;
  void use(LocalSocket socket);
  void disconnect();

  const boost::asio::any_io_executor executor_;
  SessionLink& link_;
  PortPlan plan_;
  /// From the beginning, so that none is lost before run().
  boost::asio::signal_set signals_;
  std::shared_ptr<LocalStream> current_;
  std::deque<LocalSocket> waiting_;
  bool connected_before_ = false;
  bool blocked_ = false;
  /// What the node sends until it has heard of the end belongs to the former connection.
  bool disconnecting_ = false;
  Event drained_;
};

}  // namespace postern::client

#pragma once

#include <boost/asio/signal_set.hpp>
#include <deque>
#include <list>
#include <memory>
#include <unordered_map>

#include "channel/mux.h"
#include "client/port/local_stream.h"
#include "client/port/port_plan.h"
#include "client/port/socks5.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// Many local connections through one port session (data-channel.md 6.7). Bytes go from the local socket
/// straight into the channel's payloads and from them straight to the local socket; between own ends
/// (channel::MuxDialect::kFlow) each connection has a window, half-closes, and is refused by itself.
class MuxPort final : public SessionKind, private channel::MuxHandler, private LocalStreamOwner {
 public:
  MuxPort(const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
          PortPlan plan);
  ~MuxPort() override;

  /// Until a signal. Throws when the node can't listen as asked, or breaks the multiplexed stream.
  awaitable<Parting> run() override;
  void on_started(Start start) override;
  bool wants_delivery() const override { return mux_.wants_bytes(); }
  void on_delivery(channel::Delivery delivery) override;
  std::size_t on_payload(wire::PayloadType type, ByteView payload) override;
  void on_progress() override;
  void tell(std::string_view line) override;
  awaitable<void> drain(Event::Time limit) override;

 private:
  struct Connection;
  using Connections = std::unordered_map<std::uint32_t, std::shared_ptr<Connection>>;

  // channel::MuxHandler
  void on_open(std::uint32_t id, std::string_view target) override;
  void on_accept(std::uint32_t id) override;
  void on_data(std::uint32_t id, ByteView data) override;
  void on_end(std::uint32_t id) override;
  void on_reset(std::uint32_t id, std::string_view reason) override;
  void on_window(std::uint32_t id) override;
  void on_control(std::string_view text) override;

  // LocalStreamOwner
  void on_readable(LocalStream& stream) override;
  void on_connected(LocalStream& stream) override;
  void on_written(LocalStream& stream, std::size_t size) override;
  void on_broken(LocalStream& stream, std::string_view reason) override;

  awaitable<void> wait_for_failure();
  void take_local(LocalSocket socket, const PortPlan::Local& local);
  void take_socks(LocalSocket socket);
  void negotiate(Connection& connection);
  /// Opens a stream for a local connection; closes it when there are too many.
  bool open(const std::shared_ptr<Connection>& connection, std::string_view target);
  void upload(Connection& connection);
  void on_local_end(Connection& connection);
  void finish_if_over(Connection& connection);
  void drop(Connection& connection);
  std::shared_ptr<Connection> find(std::uint32_t id) const;
  LocalStreamOwner& as_owner() { return *this; }
  bool flow() const { return mux_.dialect() == channel::MuxDialect::kFlow; }
  void first_connection();
  void refused(std::string_view to, std::string_view reason);
  void fail(std::string why);
  /// Sends what the mux has to say beside data, and writes.
  void flush();
  void send_control();
  void feed(ByteView payload);

  const boost::asio::any_io_executor executor_;
  SessionLink& link_;
  channel::Mux mux_;
  PortPlan plan_;
  /// From the beginning, so that none is lost before run().
  boost::asio::signal_set signals_;
  const std::size_t max_data_bytes_;
  Connections connections_;
  /// SOCKS clients that have not said yet where to.
  std::list<std::shared_ptr<Connection>> negotiating_;
  /// Have something to send while the channel has no room.
  std::deque<std::weak_ptr<Connection>> blocked_;
  bool connected_before_ = false;
  std::string failure_;
  Event failed_;
  Event drained_;
};

}  // namespace postern::client

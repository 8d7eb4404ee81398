#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/port/dialer.h"
#include "agent/port/port_properties.h"

namespace postern::agent {

/// The ports on which a node listens for its client. One executor; must outlive its io_context's work.
class Listeners {
 public:
  /// `index` is that of the listener to which somebody has connected.
  using OnConnection = std::function<void(std::size_t index, Dialer::Connection connection)>;
  Listeners(boost::asio::any_io_executor executor, OnConnection on_connection);

  /// Listens as the next one, counted from 0. Gives the port, or why it can't be.
  std::expected<std::uint16_t, std::string> open(const PortListener& listener);

  /// Closes all.
  void close();

 private:
  net::awaitable<void> accept(std::size_t index);

  boost::asio::any_io_executor executor_;
  OnConnection on_connection_;
  std::vector<std::unique_ptr<boost::asio::ip::tcp::acceptor>> acceptors_;
};

}  // namespace postern::agent

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/stream.h"

namespace postern::agent::testing {

/// A server for sessions to reach: gathers what comes on each connection, and answers as it is told.
class Destination {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  struct Connection {
    explicit Connection(Socket opened) : socket(std::move(opened)) {}
    Socket socket;
    std::string received;
    /// The other end has ended its direction.
    bool ended = false;
    /// Why reading failed, if it did.
    boost::system::error_code failure;
  };

  explicit Destination(boost::asio::io_context& context)
      : acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}) {
    boost::asio::co_spawn(context, accept(), boost::asio::detached);
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string port_text() const { return std::to_string(port()); }
  /// From now on nobody listens there.
  void close() { acceptor_.close(); }

  /// Reads nothing of new connections while false.
  bool reading = true;
  /// Sends back what comes, and its end.
  bool echo = false;
  std::vector<std::shared_ptr<Connection>> connections;

  static void send(Connection& to, std::string_view text) {
    boost::asio::write(to.socket, boost::asio::buffer(text));
  }

 private:
  net::awaitable<void> accept() {
    for (;;) {
      boost::system::error_code ec;
      auto socket =
          co_await acceptor_.async_accept(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
      if (ec) co_return;
      auto connection = std::make_shared<Connection>(std::move(socket));
      connections.push_back(connection);
      if (reading)
        boost::asio::co_spawn(acceptor_.get_executor(), read(connection, echo), boost::asio::detached);
    }
  }

  static net::awaitable<void> read(std::shared_ptr<Connection> from, bool echoed) {
    std::vector<char> buffer(64 * 1024);
    for (;;) {
      boost::system::error_code ec;
      const auto size = co_await from->socket.async_read_some(
          boost::asio::buffer(buffer), boost::asio::redirect_error(boost::asio::use_awaitable, ec));
      from->received.append(buffer.data(), size);
      if (ec) {
        from->ended = true;
        if (ec != boost::asio::error::eof) from->failure = ec;
        if (echoed) from->socket.shutdown(Socket::shutdown_send, ec);
        co_return;
      }
      if (!echoed) continue;
      co_await boost::asio::async_write(from->socket, boost::asio::buffer(buffer.data(), size),
                                        boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    }
  }

  boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace postern::agent::testing

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <expected>
#include <string>

#include "agent/port/address_rules.h"
#include "agent/port/name_resolver.h"
#include "agent/port/target.h"

namespace postern::agent {

/// The reason that a system call gave, as a text in the middle of a sentence: `connection refused`.
std::string reason_of(int error);

/// Opens connections to the destinations of a port session. One executor; must outlive its io_context's work.
class Dialer {
 public:
  Dialer(boost::asio::any_io_executor executor, AddressRules rules);

  using Connection = boost::asio::posix::stream_descriptor;
  /// A connected, non-blocking socket. The addresses of a name are tried in order, each for kConnectTimeout,
  /// and none that the rules deny. Error: the first address's reason.
  net::awaitable<std::expected<Connection, std::string>> dial(Target target);

  static constexpr std::chrono::seconds kConnectTimeout{10};

 private:
  net::awaitable<std::expected<Connection, std::string>> dial_tcp(TcpTarget target);
  std::expected<Connection, std::string> dial_unix(const UnixTarget& target);

  boost::asio::any_io_executor executor_;
  AddressRules rules_;
  NameResolver resolver_;
};

}  // namespace postern::agent

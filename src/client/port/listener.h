#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "client/port/local_address.h"

namespace postern::client {

/// A bound local socket that takes connections. The file of a UNIX socket is removed at the end.
class Listener {
 public:
  /// Binds and listens at once. Port 0 is any free one. A file of a UNIX socket that nobody listens on is
  /// replaced. Throws std::runtime_error whose text says what is wrong, for a port in use also by whom.
  Listener(const boost::asio::any_io_executor& executor, const LocalAddress& address);
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// With the port that was bound.
  const LocalAddress& address() const;

  /// Calls `taken` for each connection, from the executor, until the listener is destroyed. Once.
  void start(std::function<void(LocalSocket)> taken);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::client

#pragma once

#include <memory>

#include "net/websocket.h"

namespace postern::agent {

/// Pings every 30 s and closes the WebSocket, so that its reader fails, when no byte has come for 75 s: a
/// dead network or a sleeping machine is noticed although nothing is sent. Returns within 30 s of the
/// connection's end.
net::awaitable<void> keep_alive(std::weak_ptr<net::WebSocket> socket);

}  // namespace postern::agent

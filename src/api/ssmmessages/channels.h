#pragma once

#include "api/call.h"
#include "api/protocol.h"
#include "net/http_server.h"

/// The message gateway's REST calls and WebSocket upgrades (control-plane.md 4.1, 4.2, 4.8). The path names a
/// node or a session, so they are no operations of a registry.
namespace postern::api::ssmmessages {

/// CreateControlChannel and CreateDataChannel: 201 with a token in XML.
awaitable<Result<net::Response>> create_channel(Call& call, Route route);

/// The upgrade of a control channel (the caller must be that node) or of a data channel (either end; the
/// first frame's token decides).
awaitable<Result<net::AcceptUpgrade>> open_channel(Call& call, Route route);

}  // namespace postern::api::ssmmessages

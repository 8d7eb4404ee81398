#pragma once

#include <memory>

#include "api/call.h"
#include "api/last_uses.h"
#include "api/operation.h"
#include "api/protocol.h"
#include "auth/authenticator.h"
#include "net/http_server.h"

namespace postern::api {

/// The way of an API request (docs/architecture.md), written once, and the way of the two WebSockets.
/// Thread-safe.
class Dispatcher final : public net::HttpHandler {
 public:
  /// Both must outlive the dispatcher.
  Dispatcher(const Services& services, auth::Authenticator& authenticator);

  awaitable<net::Response> handle(net::Request request) override;
  awaitable<std::variant<net::Response, net::AcceptUpgrade>> upgrade(net::Request request) override;

 private:
  awaitable<Result<void>> authenticate(Call& call, const Route& route);
  awaitable<Result<net::Response>> answer(Call& call, const Route& route);
  void note_use(const Call& call, const Route& route);

  const Services& services_;
  auth::Authenticator& authenticator_;
  Registry registry_;
  LastUses last_uses_;
};

}  // namespace postern::api

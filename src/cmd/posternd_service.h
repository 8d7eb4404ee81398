#pragma once

#include <memory>
#include <vector>

#include "api/dispatcher.h"
#include "api/session_review.h"
#include "auth/authenticator.h"
#include "auth/sign_in.h"
#include "bus/in_process_bus.h"
#include "cmd/posternd_config.h"
#include "gateway/gateway.h"
#include "net/http_server.h"
#include "net/runtime.h"
#include "store/store.h"

namespace postern {

/// The running service: everything constructed and wired, from the store to the listeners. The members are
/// declared in the order of dependence, so that they go in the reverse.
class PosterndService {
 public:
  /// `config`, `store`, `installation` and `tls` must outlive the service.
  PosterndService(const PosterndConfig& config, store::Store& store, store::Sealer sealer,
                  const auth::Installation& installation, const net::TlsServerContext& tls);
  ~PosterndService();

  /// Takes up the sessions of the store, then listens. Throws system_error when the address can't be bound.
  void start();
  std::uint16_t port() const;

  /// Waits for SIGTERM or SIGINT, then stops: no new connections, requests under way are finished, legs are
  /// half-closed, the store is flushed. A second signal ends the process at once.
  void run_until_signalled();

 private:
  boost::asio::awaitable<void> stop();
  /// Writes what is gathered and removes what has expired, again and again.
  boost::asio::awaitable<void> keep_house();

  const PosterndConfig& config_;
  store::Store& store_;
  SystemClock clock_;
  bus::InProcessBus bus_;
  net::IoThreads threads_;
  auth::Authorizer authorizer_;
  gateway::Gateway gateway_;
  auth::Authenticator authenticator_;
  auth::SignIn sign_in_;
  api::Services services_;
  api::Dispatcher dispatcher_;
  api::SessionReview review_;
  const net::TlsServerContext& tls_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
};

}  // namespace postern

#pragma once

#include <string>

#include "auth/authorizer.h"
#include "auth/installation.h"
#include "base/clock.h"
#include "base/secret.h"
#include "gateway/gateway.h"
#include "store/store.h"

namespace postern::api {

/// What operations work with; everything outlives the dispatcher.
struct Services {
  store::Store& store;
  gateway::Gateway& gateway;
  const auth::Authorizer& authorizer;
  const auth::Installation& installation;
  const Clock& clock;
  /// `host:port` that StreamUrl names; empty means the host by which the caller reached us.
  std::string public_host;
  /// Signs pagination tokens; lives as long as the process.
  Secret page_token_key;
};

}  // namespace postern::api

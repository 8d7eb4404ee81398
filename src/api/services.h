#pragma once

#include <string>
#include <vector>

#include "auth/authorizer.h"
#include "auth/installation.h"
#include "base/clock.h"
#include "base/secret.h"
#include "bus/bus.h"
#include "gateway/gateway.h"
#include "iam/values.h"
#include "store/store.h"

namespace postern::auth {
struct SignIn;
}

namespace postern::api {

/// What operations work with; everything outlives the dispatcher.
struct Services {
  store::Store& store;
  gateway::Gateway& gateway;
  auth::Authorizer& authorizer;
  auth::SignIn& sign_in;
  bus::Bus& bus;
  const auth::Installation& installation;
  const Clock& clock;
  /// `host:port` that StreamUrl names; empty means the host by which the caller reached us.
  std::string public_host;
  /// Signs pagination tokens; lives as long as the process.
  Secret page_token_key;
  /// Whose X-Forwarded-For is believed.
  std::vector<postern::iam::IpRange> trusted_proxies = {};
};

}  // namespace postern::api

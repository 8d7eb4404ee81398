#pragma once

#include <string>
#include <vector>

#include "auth/installation.h"
#include "base/clock.h"
#include "store/store.h"

namespace postern {

/// What recover_administrator() did.
struct Recovery {
  /// Shown once.
  store::AccessKey key;
  /// For people, one line each.
  std::vector<std::string> changes;
};

/// Gives the user `admin` back what the last administrator lost: creates it if it is gone, attaches
/// AdministratorAccess, takes away its permissions boundary and whatever denies it (policies, groups, service
/// control policies), and makes a new access key; of two the older one goes. Logged. No service may be
/// running on the store.
Recovery recover_administrator(store::Store& store, const auth::Installation& installation, Timestamp now);

}  // namespace postern

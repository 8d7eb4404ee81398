#pragma once

#include "api/operation.h"

namespace postern::api::iam {

/// SimulatePrincipalPolicy and SimulateCustomPolicy.
void register_simulation(Registry& registry);

}  // namespace postern::api::iam

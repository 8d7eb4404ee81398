#pragma once

#include "api/operation.h"

namespace postern::api::ec2messages {

void register_operations(Registry& registry);

}  // namespace postern::api::ec2messages

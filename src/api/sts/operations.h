#pragma once

#include "api/operation.h"

namespace postern::api::sts {

void register_operations(Registry& registry);

}  // namespace postern::api::sts

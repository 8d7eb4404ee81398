#pragma once

#include "api/operation.h"

namespace postern::api::sts {

void register_operations(Registry& registry);
/// Called by it.
void register_assume_role(Registry& registry);
void register_session_token(Registry& registry);
void register_web_identity(Registry& registry);

}  // namespace postern::api::sts

#pragma once

#include "api/operation.h"

namespace postern::api::sts {

/// DecodeAuthorizationMessage.
void register_decode_authorization(Registry& registry);

}  // namespace postern::api::sts

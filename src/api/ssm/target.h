#pragma once

#include <string>

#include "api/call.h"
#include "store/records.h"

namespace postern::api::ssm {

/// The managed node that a Target means: its id, its name, or `tag:Key=Value`, where name or tag must be
/// unique. Resolved here, not in clients, so that a name costs no further round trip and works with every
/// client. Errors: TargetNotConnected when there is none, ValidationException when there are several (the
/// message lists them).
awaitable<Result<store::Node>> resolve_target(Call& call, std::string target);

/// Whether a name could be taken for another way of naming a target: an id, or a tag. No node may be called
/// so.
bool is_reserved_name(std::string_view name);

}  // namespace postern::api::ssm

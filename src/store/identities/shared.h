#pragma once

#include <string_view>

#include "store/soci_fwd.h"

namespace postern::store {

/// To be called by whatever changes something that a decision may depend on, in the same transaction.
void advance_generation(soci::session& sql);

/// Removes what a user, group or role holds without being a row of its own: attachments, inline policies.
void remove_holdings(soci::session& sql, std::string_view holder_id);

/// Removes all tags of a resource.
void remove_tags(soci::session& sql, std::string_view resource_type, std::string_view resource_id);

}  // namespace postern::store

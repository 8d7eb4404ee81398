#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "auth/principal.h"

namespace postern::api {

/// What a live session or control channel was allowed by, so that the same question can be asked again: who
/// asked, from where, and about what. Policies and tags are not in it: they are looked up each time.
struct RecordedAccess {
  auth::Principal principal;
  /// What request_keys() said at the time.
  auth::ContextKeys request_keys;
  /// Of a session: the node and the document's name, empty where the caller named none.
  std::string node_id;
  std::string document_name;
  /// What the document does with the caller's parameters, one set of keys for each thing that it does
  /// (api/ssm/session_keys.h).
  std::vector<auth::ContextKeys> session_keys;
};

/// As JSON, and back; nothing when the text is none. The gateway keeps it unread.
std::string to_text(const RecordedAccess& access);
std::optional<RecordedAccess> recorded_access_from(std::string_view text);

}  // namespace postern::api

#pragma once

#include <string>
#include <string_view>

#include "api/services.h"

/// How those who keep decisions learn that one may be different now.
namespace postern::api {

/// Subjects on the bus. Identities: users, groups, roles, keys, policies, service control policies.
/// Resources: tags of nodes and documents, and documents.
inline constexpr std::string_view kIdentitiesChanged = "identities.changed";
inline constexpr std::string_view kResourcesChanged = "resources.changed";
/// A session was started with credentials that expire; the message is when, in microseconds since 1970.
inline constexpr std::string_view kSessionExpires = "session.expires";

/// After the change is on disk and before its caller is answered: the next decision, here or anywhere, is
/// made anew, and live sessions are looked at again.
inline void announce_identities_changed(const Services& services) {
  // At once in this process, so that the caller's next request meets the change; others hear of it.
  services.authorizer.invalidate();
  services.bus.publish(kIdentitiesChanged, "");
}

inline void announce_session_expires(const Services& services, Timestamp when) {
  services.bus.publish(kSessionExpires, std::to_string(to_unix_micros(when)));
}

inline void announce_resources_changed(const Services& services) {
  services.authorizer.invalidate();
  services.bus.publish(kResourcesChanged, "");
}

}  // namespace postern::api

#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/documents/session_document.h"

namespace postern::aws {

/// StartSession's `Parameters`.
using SessionParameters = std::map<std::string, std::vector<std::string>>;

/// A document with its parameters put in: complete, without placeholders, in the JSON types that nodes
/// demand. A node substitutes nothing.
struct ResolvedSession {
  std::string description;
  SessionType type = SessionType::kStandardStream;
  boost::json::object inputs;
  boost::json::value properties;
  std::chrono::minutes idle_timeout{0};
  /// Zero: none.
  std::chrono::minutes max_duration{0};
};

struct ResolveError {
  enum class Kind {
    /// The caller's parameters.
    kParameters,
    /// The document, or the account's preferences.
    kDocument,
    /// There is nothing for the node's platform.
    kPlatform,
    /// A forward to an address that is denied.
    kDenied,
  };
  Kind kind = Kind::kParameters;
  std::string message;
};

/// Checks `given` against the document's definitions and puts the values in. A document without `inputs`
/// takes those of `preferences`, with that document's own defaults. `platform` is the node's (Windows, Linux,
/// MacOS), or empty when unknown: other platforms' commands are left out.
std::expected<ResolvedSession, ResolveError> resolve_session(const SessionDocument& document,
                                                             const SessionDocument& preferences,
                                                             const SessionParameters& given,
                                                             std::string_view platform);

}  // namespace postern::aws

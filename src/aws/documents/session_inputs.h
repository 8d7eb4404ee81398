#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <expected>
#include <optional>

#include "base/json_codec.h"

/// `inputs` of a session document: the preferences (control-plane.md 5.1).
namespace postern::aws {

inline constexpr std::chrono::minutes kDefaultIdleTimeout{20};

/// Whether strings may still hold placeholders, whose values are not known yet.
enum class Placeholders { kAllowed, kReplaced };

/// Checks names, types, ranges and forms. A key that is not known is an error: it would be a wish that
/// nobody honours.
std::optional<DecodeError> check_inputs(const boost::json::value& inputs, Placeholders placeholders);

/// What a node is sent, and what the service itself enforces.
struct SessionInputs {
  /// Every known key, in the JSON types that official agents demand: one wrong type, and they discard the
  /// whole start message without a word (control-plane.md trap 22). Absent encryption flags are false
  /// (trap 34).
  boost::json::object wire;
  std::chrono::minutes idle_timeout = kDefaultIdleTimeout;
  /// Zero: none.
  std::chrono::minutes max_duration{0};
};

/// From `inputs` without placeholders.
std::expected<SessionInputs, DecodeError> normalise_inputs(const boost::json::object& inputs);

}  // namespace postern::aws

#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "aws/documents/session_inputs.h"
#include "base/json_codec.h"

/// `properties` of a session document: what a session of each type does (control-plane.md 5.1,
/// data-channel.md 6.3, 6.4).
namespace postern::aws {

enum class SessionType { kStandardStream, kInteractiveCommands, kNonInteractiveCommands, kPort };

std::string_view to_string(SessionType type);
std::optional<SessionType> session_type_from(std::string_view text);

/// Checks names, types and forms; `null` stands for no properties.
std::optional<DecodeError> check_properties(SessionType type, const boost::json::value& properties,
                                            Placeholders placeholders);

/// `properties` without placeholders as a node is sent them: flags are booleans, since official agents
/// discard a start message in which one is text.
boost::json::value normalise_properties(SessionType type, const boost::json::value& properties);

/// For which platforms the properties say what to do, as the API spells them: Windows, Linux, MacOS.
std::vector<std::string> platforms_of(SessionType type, const boost::json::value& properties);

/// The properties without other platforms' commands; error: there are none for this one (Windows, Linux or
/// MacOS). An unknown platform (empty) keeps all.
std::expected<boost::json::value, DecodeError> for_platform(SessionType type, boost::json::value properties,
                                                            std::string_view platform);

}  // namespace postern::aws

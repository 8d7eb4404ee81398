#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_codec.h"

/// `{{ name }}` in the strings of a session document. Names are letters and digits; anything else between
/// braces (`{{.Names}}`) is text. Substitution is one pass: what was put in is never looked at again.
namespace postern::aws {

/// All strings of a document after substitution together.
inline constexpr std::size_t kMaxSubstitutedBytes = std::size_t{256} * 1024;

/// A placeholder's name: letters and digits. Official agents drop other parameters.
bool is_parameter_name(std::string_view name);

/// Whether the text holds a placeholder.
bool has_placeholder(std::string_view text);

/// Whether the text asks for a value of Parameter Store (`{{ ssm:name }}`), which an official agent would
/// fetch and put in.
bool has_parameter_store_reference(std::string_view text);

/// Looks at every string in `value`, which stands at `path`: placeholders must name what is `known`, must not
/// be nested, and must not refer to Parameter Store.
std::optional<DecodeError> check_placeholders(const boost::json::value& value, const std::string& path,
                                              const std::function<bool(std::string_view)>& known);

/// The value with every placeholder replaced. A string that is nothing but one placeholder becomes the
/// parameter's value as it is (a list stays a list); within a longer string a list stands as JSON text. Every
/// placeholder must be in `values`. Error: what came out is too large, or refers to Parameter Store.
std::expected<boost::json::value, DecodeError> substitute(
    const boost::json::value& value, const std::string& path,
    const std::map<std::string, boost::json::value, std::less<>>& values);

}  // namespace postern::aws

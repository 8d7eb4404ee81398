#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace postern::aws {

/// An application/x-www-form-urlencoded body or query string as name -> value.
using Form = std::map<std::string, std::string>;

inline constexpr std::size_t kMaxFormMembers = 10'000;

/// Of members with the same name the last one stays. Error: a bad escape, or more than kMaxFormMembers
/// members.
std::expected<Form, std::string> parse_form(std::string_view text);

/// The text that parse_form reads back to the same form.
std::string encode_form(const Form& form);

}  // namespace postern::aws

#include "aws/form.h"

#include "aws/uri.h"

namespace postern::aws {

std::expected<Form, std::string> parse_form(std::string_view text) {
  Form form;
  std::size_t members = 0;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto member = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (member.empty()) continue;
    // Counted before they are kept, so that repeated names can't make the work unbounded either.
    if (++members > kMaxFormMembers) return std::unexpected("more than 10000 members");
    const auto equals = member.find('=');
    auto name = uri_decode(member.substr(0, equals), Plus::kBlank);
    auto value = equals == std::string_view::npos ? std::string()
                                                  : uri_decode(member.substr(equals + 1), Plus::kBlank);
    if (!name || !value) return std::unexpected("a percent sign without two hexadecimal digits behind it");
    form.insert_or_assign(std::move(*name), std::move(*value));
  }
  return form;
}

std::string encode_form(const Form& form) {
  std::string text;
  for (const auto& [name, value] : form) {
    if (!text.empty()) text += '&';
    text += uri_encode(name) + '=' + uri_encode(value);
  }
  return text;
}

}  // namespace postern::aws

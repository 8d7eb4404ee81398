#include "aws/query_codec.h"

#include <fmt/format.h>

namespace postern::aws::detail {

std::optional<DecodeError> decode_form_bool(const std::string& from, bool& into, const std::string& path) {
  if (from != "true" && from != "false") return DecodeError{path, "expected true or false"};
  into = from == "true";
  return std::nullopt;
}

std::optional<DecodeError> decode_form_time(const std::string& from, Timestamp& into,
                                            const std::string& path) {
  const auto time = from_iso8601(from);
  if (!time) return DecodeError{path, "expected an ISO-8601 time"};
  into = *time;
  return std::nullopt;
}

DecodeError not_a_number(const std::string& path) {
  return {path, "expected a number in range"};
}

bool form_has(const Form& form, const std::string& path) {
  if (form.contains(path)) return true;
  const std::string below = path + '.';
  const auto next = form.lower_bound(below);
  return next != form.end() && next->first.starts_with(below);
}

std::string xml_time(Timestamp time, QueryDialect dialect) {
  return to_iso8601(time, dialect == QueryDialect::kEc2 ? IsoFraction::kMilliseconds : IsoFraction::kNone);
}

}  // namespace postern::aws::detail

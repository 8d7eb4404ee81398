#include "api/operation.h"
#include "aws/validation.h"
#include "base/check.h"

namespace postern::api {

void Registry::add(std::string_view service, std::string_view name, Operation operation) {
  const bool added = operations_.emplace(std::pair(service, name), std::move(operation)).second;
  POSTERN_CHECK(added);
}

const Operation* Registry::find(const std::string& service, const std::string& name) const {
  const auto found = operations_.find(std::pair(service, name));
  return found == operations_.end() ? nullptr : &found->second;
}

namespace detail {

aws::ApiError decode_failure(const DecodeError& error) {
  if (!error.missing) return aws::kSerialization(error.message());
  // Violations name members in lower camel case.
  std::string at = error.path;
  bool first = true;
  for (char& c : at) {
    if (first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    first = c == '.';
  }
  aws::Validation validation;
  validation.required(at, false);
  return *validation.error();
}

}  // namespace detail
}  // namespace postern::api

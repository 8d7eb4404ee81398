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
namespace {

awaitable<Result<std::string>> perform(const Steps& steps, Call& call) {
  const auto in = steps.decode(call);
  if (!in) co_return std::unexpected(in.error());
  if (steps.access) {
    auto access = co_await steps.access(call, in->get());
    if (!access) co_return std::unexpected(std::move(access.error()));
    auto ok = co_await authorize(call, std::move(*access));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
  if (steps.permit) {
    auto ok = co_await steps.permit(call, in->get());
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
  co_return co_await steps.run(call, in->get());
}

}  // namespace

Operation operation_of(Caller caller, Steps steps) {
  return {caller, [steps = std::move(steps)](Call& call) { return perform(steps, call); }};
}

std::string_view json_text(const Call& call) {
  return call.request.body.empty() ? std::string_view("{}") : std::string_view(call.request.body);
}

Result<aws::Form> form_of(const Call& call) {
  auto form = aws::parse_form(call.request.method == "GET" ? call.request.query()
                                                           : std::string_view(call.request.body));
  if (!form) return std::unexpected(aws::kSerialization(form.error()));
  return std::move(*form);
}

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

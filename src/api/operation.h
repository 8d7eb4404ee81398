#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/access.h"
#include "api/call.h"
#include "aws/codec.h"
#include "aws/validation.h"
#include "base/json_codec.h"

namespace postern::api {

/// Who may send an operation before any permission is asked for.
enum class Caller {
  /// Without a signature: the operation carries its own proof.
  kAnonymous,
  /// With a valid signature of a user or a node.
  kSigned,
};

/// An operation as the dispatcher sees it: a body in, a body out. Made by json_operation() and
/// query_operation().
struct Operation {
  Caller caller = Caller::kSigned;
  std::function<awaitable<Result<std::string>>(Call&)> run;
};

/// All operations of all services, by SigV4 service name and operation name.
class Registry {
 public:
  void add(std::string_view service, std::string_view name, Operation operation);
  const Operation* find(const std::string& service, const std::string& name) const;

 private:
  std::map<std::pair<std::string, std::string>, Operation> operations_;
};

/// An operation of `In` to `Out`, both described structs. `In` may have `void validate(aws::Validation&)
/// const`.
template <class In, class Out>
struct OperationSpec {
  Caller caller = Caller::kSigned;
  /// What permission the request needs. It may complete the request, as by replacing a name by the id it
  /// stands for.
  std::function<awaitable<Result<auth::Access>>(Call&, In&)> access;
  std::function<awaitable<Result<Out>>(Call&, In)> run;
  /// Instead of `access`, for operations that ask more than one question: says itself what is denied.
  std::function<awaitable<Result<void>>(Call&, In&)> permit = nullptr;
};

/// The action on everything, for operations without resources.
inline auto on_everything(std::string action) {
  return [action = std::move(action)](Call&, auto&) -> awaitable<Result<auth::Access>> {
    co_return auth::Access{.action = action};
  };
}

/// The action on the managed node that a member of the request names.
template <class In>
auto on_node(std::string action, std::string In::* node_id) {
  return [action = std::move(action), node_id](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auth::Access access{.action = action};
    access.resources.assign(1, co_await node_resource(call.services, in.*node_id));
    co_return access;
  };
}

namespace detail {

template <class In>
std::expected<void, aws::ApiError> validate(const In& in) {
  if constexpr (requires(aws::Validation& v) { in.validate(v); }) {
    aws::Validation validation;
    in.validate(validation);
    if (auto error = validation.error()) return std::unexpected(std::move(*error));
  }
  return {};
}

/// AWS tells a missing member from one of the wrong type.
aws::ApiError decode_failure(const DecodeError& error);

/// Everything behind decoding.
template <class In, class Out>
awaitable<Result<Out>> perform(const OperationSpec<In, Out>& spec, Call& call, In in) {
  if (auto ok = validate(in); !ok) co_return std::unexpected(std::move(ok.error()));
  if (spec.access) {
    auto access = co_await spec.access(call, in);
    if (!access) co_return std::unexpected(std::move(access.error()));
    auto ok = co_await authorize(call, std::move(*access));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
  if (spec.permit) {
    auto ok = co_await spec.permit(call, in);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
  co_return co_await spec.run(call, std::move(in));
}

}  // namespace detail

/// AWS JSON 1.1: the body is the request; an empty body is `{}`.
template <class In, class Out>
Operation json_operation(OperationSpec<In, Out> spec) {
  const auto caller = spec.caller;
  auto run = [spec = std::move(spec)](Call& call) -> awaitable<Result<std::string>> {
    auto in = decode_json_text<In>(call.request.body.empty() ? std::string_view("{}") : call.request.body);
    if (!in) co_return std::unexpected(detail::decode_failure(in.error()));
    auto out = co_await detail::perform(spec, call, std::move(*in));
    if (!out) co_return std::unexpected(std::move(out.error()));
    co_return encode_json_text(*out);
  };
  return {caller, std::move(run)};
}

/// The Query protocol of STS and IAM; the form is the body, or the query of a GET.
template <class In, class Out>
Operation query_operation(std::string action, std::string xmlns, OperationSpec<In, Out> spec) {
  const auto caller = spec.caller;
  auto run = [spec = std::move(spec), action = std::move(action),
              xmlns = std::move(xmlns)](Call& call) -> awaitable<Result<std::string>> {
    const auto form = aws::parse_form(call.request.method == "GET" ? call.request.query()
                                                                   : std::string_view(call.request.body));
    if (!form) co_return std::unexpected(aws::kSerialization(form.error()));
    auto in = aws::decode_query<In>(*form);
    if (!in) co_return std::unexpected(detail::decode_failure(in.error()));
    auto out = co_await detail::perform(spec, call, std::move(*in));
    if (!out) co_return std::unexpected(std::move(out.error()));
    co_return aws::encode_query_response(action, xmlns, *out, call.request_id);
  };
  return {caller, std::move(run)};
}

}  // namespace postern::api

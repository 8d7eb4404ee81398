#pragma once

#include <expected>
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
    access.about(co_await node_resource(call.services, in.*node_id));
    co_return access;
  };
}

namespace detail {

/// An operation without the types of its request and its answer, so that the way through its steps is
/// compiled once and not for each. `in` is what `decode` has returned.
struct Steps {
  /// Decodes and validates.
  std::function<Result<std::shared_ptr<void>>(const Call&)> decode;
  std::function<awaitable<Result<auth::Access>>(Call&, void* in)> access = nullptr;
  std::function<awaitable<Result<void>>(Call&, void* in)> permit = nullptr;
  /// Does what is asked for and encodes the answer; it may take `in` apart.
  std::function<awaitable<Result<std::string>>(Call&, void* in)> run;
};

Operation operation_of(Caller caller, Steps steps);

/// AWS tells a missing member from one of the wrong type.
aws::ApiError decode_failure(const DecodeError& error);
/// The body as a JSON text; an empty one is `{}`.
std::string_view json_text(const Call& call);
/// The body, or the query of a GET.
Result<aws::Form> form_of(const Call& call);

template <class In>
Result<std::shared_ptr<void>> validated(std::expected<In, DecodeError> in) {
  if (!in) return std::unexpected(decode_failure(in.error()));
  if constexpr (requires(aws::Validation& v) { in->validate(v); }) {
    aws::Validation validation;
    in->validate(validation);
    if (auto error = validation.error()) return std::unexpected(std::move(*error));
  }
  return std::make_shared<In>(std::move(*in));
}

/// All steps but the first. `encode` makes a body of an `Out`.
template <class In, class Out, class Encode>
Steps steps_of(OperationSpec<In, Out> spec, Encode encode) {
  Steps steps;
  if (spec.access) {
    steps.access = [step = std::move(spec.access)](Call& call, void* in) {
      return step(call, *static_cast<In*>(in));
    };
  }
  if (spec.permit) {
    steps.permit = [step = std::move(spec.permit)](Call& call, void* in) {
      return step(call, *static_cast<In*>(in));
    };
  }
  steps.run = [step = std::move(spec.run), encode = std::move(encode)](
                  Call& call, void* in) -> awaitable<Result<std::string>> {
    const auto out = co_await step(call, std::move(*static_cast<In*>(in)));
    if (!out) co_return std::unexpected(out.error());
    co_return encode(call, *out);
  };
  return steps;
}

}  // namespace detail

/// AWS JSON 1.1: the body is the request; an empty body is `{}`.
template <class In, class Out>
Operation json_operation(OperationSpec<In, Out> spec) {
  const auto caller = spec.caller;
  auto steps = detail::steps_of(std::move(spec), [](Call&, const Out& out) { return encode_json_text(out); });
  steps.decode = [](const Call& call) {
    return detail::validated(decode_json_text<In>(detail::json_text(call)));
  };
  return detail::operation_of(caller, std::move(steps));
}

/// The Query protocol of STS and IAM; the form is the body, or the query of a GET.
template <class In, class Out>
Operation query_operation(std::string action, std::string xmlns, OperationSpec<In, Out> spec) {
  const auto caller = spec.caller;
  auto steps = detail::steps_of(
      std::move(spec), [action = std::move(action), xmlns = std::move(xmlns)](Call& call, const Out& out) {
        return aws::encode_query_response(action, xmlns, out, call.request_id);
      });
  steps.decode = [](const Call& call) -> Result<std::shared_ptr<void>> {
    const auto form = detail::form_of(call);
    if (!form) return std::unexpected(form.error());
    return detail::validated(aws::decode_query<In>(*form));
  };
  return detail::operation_of(caller, std::move(steps));
}

}  // namespace postern::api

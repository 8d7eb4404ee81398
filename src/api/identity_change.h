#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include "api/call.h"
#include "api/changes.h"
#include "store/repositories.h"

/// The way in which every operation changes identities: one transaction, and then everybody hears of it.
namespace postern::api {

/// Thrown by the work of change_identities() and read_identities() when the request can't be granted; becomes
/// the call's error. An exception, because that is what rolls a transaction back.
class Refusal : public std::exception {
 public:
  explicit Refusal(aws::ApiError error) : error_(std::move(error)) {}
  const aws::ApiError& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  aws::ApiError error_;
};

/// Is there a user who can sign in or sign requests, and may give permissions to everybody, himself included?
bool has_administrator(store::Repositories& repos, const auth::Installation& installation);

namespace detail {

/// Throws Refusal when there was an administrator before the change and is none now.
void require_administrator(store::Repositories& repos, const auth::Installation& installation, bool before);

template <class Value>
using Outcome = Result<std::conditional_t<std::is_void_v<Value>, Empty, Value>>;

}  // namespace detail

/// Runs `work` in one transaction; gives what it returns, `Empty` for void, or the error of the Refusal that
/// it threw; then nothing has changed. What would leave no administrator is refused with DeleteConflict. Once
/// the change is on disk it is announced, before this returns: the next decision sees it, and live sessions
/// are looked at again. `work` runs on a database thread and must own what it uses.
template <class F>
auto change_identities(Call& call, F work)
    -> awaitable<detail::Outcome<std::invoke_result_t<F&, store::Repositories&>>> {
  using Value = std::invoke_result_t<F&, store::Repositories&>;
  detail::Outcome<Value> outcome{};
  try {
    auto guarded = [work = std::move(work),
                    &names = call.services.installation](store::Repositories& repos) mutable -> Value {
      const bool before = has_administrator(repos, names);
      if constexpr (std::is_void_v<Value>) {
        work(repos);
        detail::require_administrator(repos, names, before);
      } else {
        auto value = work(repos);
        detail::require_administrator(repos, names, before);
        return value;
      }
    };
    if constexpr (std::is_void_v<Value>) {
      co_await call.services.store.run(std::move(guarded));
    } else {
      outcome = co_await call.services.store.run(std::move(guarded));
    }
  } catch (const Refusal& refusal) {
    outcome = std::unexpected(refusal.error());
  }
  if (outcome) announce_identities_changed(call.services);
  co_return outcome;
}

/// The same for reads: what `work` returns, or the error of the Refusal that it threw.
template <class F>
auto read_identities(Call& call, F work)
    -> awaitable<Result<std::invoke_result_t<F&, store::Repositories&>>> {
  using Value = std::invoke_result_t<F&, store::Repositories&>;
  Result<Value> outcome{};
  try {
    outcome = co_await call.services.store.read(std::move(work));
  } catch (const Refusal& refusal) {
    outcome = std::unexpected(refusal.error());
  }
  co_return outcome;
}

}  // namespace postern::api

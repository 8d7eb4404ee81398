#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/access.h"
#include "auth/effective_policies.h"
#include "auth/installation.h"
#include "auth/principal.h"
#include "auth/question.h"
#include "base/clock.h"
#include "store/sealer.h"
#include "store/store.h"

namespace postern::auth {

/// May this principal do this? iam/'s evaluation over the policies in the store, and two rules of the
/// service's own: a node acts only for itself, and what needs no permission (below). Policies are kept per
/// principal until invalidate(). Thread-safe.
///
/// Without permission: sts:GetCallerIdentity, which IAM can't deny either; and what a node signs with its
/// registered key (RequestManagedInstanceRoleToken, UpdateManagedInstancePublicKey), since the key decides
/// there and its role has no say (control-plane.md 2.3).
class Authorizer {
 public:
  /// All must outlive the authorizer; `sealer` is copied.
  Authorizer(store::Store& store, store::Sealer sealer, const Clock& clock, const Installation& installation);

  /// `request_keys` is what request_keys() of auth/request_context.h gives; who asks and what time it is are
  /// added here. Throws StoreError.
  boost::asio::awaitable<Decision> decide(Principal principal, Access access, ContextKeys request_keys);

  /// The policies of a principal, from memory or the store; null when it is gone.
  boost::asio::awaitable<std::shared_ptr<const EffectivePolicies>> policies_of(Principal principal);

  /// Something that decisions depend on has changed: nothing that was read before counts from now on.
  void invalidate();
  /// Counts the changes: a decision may be different when this is.
  std::uint64_t generation() const { return generation_.load(); }

  /// What DecodeAuthorizationMessage gives for the text that a denial ended with; nothing when it is not one
  /// of ours.
  std::optional<std::string> decode_message(const std::string& encoded) const;

  /// For what is kept about a decision and holds what a caller sent: sealed for `id`, and back; nothing when
  /// it was sealed elsewhere.
  std::string seal_record(const std::string& text, const std::string& id) const;
  std::optional<std::string> unseal_record(const std::string& sealed, const std::string& id) const;

  const Installation& installation() const { return installation_; }

 private:
  // Bounds memory, not time; a service with more principals reads some of them again.
  static constexpr std::size_t kMaxPrincipals = 20'000;

  boost::asio::awaitable<std::shared_ptr<const Question>> ask(
      Principal principal, Access access, ContextKeys request_keys,
      std::shared_ptr<const EffectivePolicies>& policies);

  store::Store& store_;
  const store::Sealer sealer_;
  const Clock& clock_;
  const Installation& installation_;
  CompiledPolicies compiled_;
  std::atomic<std::uint64_t> generation_{1};
  std::shared_mutex mutex_;
  /// Of the present generation.
  std::unordered_map<std::string, std::shared_ptr<const EffectivePolicies>> principals_;
};

}  // namespace postern::auth

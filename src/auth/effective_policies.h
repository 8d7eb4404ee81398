#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/principal.h"
#include "iam/compiled_policy.h"
#include "iam/evaluate.h"
#include "store/repositories.h"

namespace postern::auth {

using PolicyPtr = std::shared_ptr<const iam::CompiledPolicy>;

/// Compiled policies, each once as long as somebody uses it. Thread-safe.
class CompiledPolicies {
 public:
  /// One that can't be read, which only a defect of ours stores, denies everything and is logged: a policy
  /// may be meant to deny.
  PolicyPtr get(iam::PolicyKind kind, const std::string& name, const std::string& document);

  /// As get(); nothing when it can't be read.
  static PolicyPtr compile(iam::PolicyKind kind, const std::string& name, const std::string& document);

 private:
  std::mutex mutex_;
  /// By kind, name and text.
  std::unordered_map<std::string, std::weak_ptr<const iam::CompiledPolicy>> policies_;
  std::size_t sweep_at_ = 1024;
};

/// What applies to one principal at one moment. Immutable.
class EffectivePolicies {
 public:
  /// The sets, with room for the views that evaluate() takes.
  struct Lists {
    /// By level, from the organization's root to the account.
    std::vector<std::vector<PolicyPtr>> service_control;
    std::vector<PolicyPtr> identity;
    PolicyPtr boundary;
    std::vector<PolicyPtr> session;
  };

  EffectivePolicies(Lists lists, store::Tags tags, std::string arn = {});
  EffectivePolicies(const EffectivePolicies&) = delete;
  EffectivePolicies& operator=(const EffectivePolicies&) = delete;

  iam::PolicySets sets() const;
  const Lists& lists() const { return lists_; }
  /// The user's or role's own.
  const store::Tags& tags() const { return tags_; }
  /// Of the user or the role itself.
  const std::string& arn() const { return arn_; }

 private:
  Lists lists_;
  store::Tags tags_;
  std::string arn_;
  std::vector<std::vector<const iam::CompiledPolicy*>> levels_;
  std::vector<iam::PolicyList> level_views_;
  std::vector<const iam::CompiledPolicy*> identity_;
  std::vector<const iam::CompiledPolicy*> session_;
};

/// What the identities in the store say about the principal; nothing when it is gone. A principal without
/// identities, as an anonymous one, has no policies. Call it on a database thread.
std::shared_ptr<const EffectivePolicies> load_policies(store::Repositories& repos, const Principal& principal,
                                                       CompiledPolicies& compiled);

/// What distinguishes the policies of principals: the key under which they may be kept.
std::string policies_key(const Principal& principal);

}  // namespace postern::auth

#include "cmd/posternd_recover.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/iam/requests.h"
#include "api/organizations/organization.h"
#include "auth/authenticator.h"
#include "aws/policies/built_in.h"
#include "base/log.h"
#include "iam/evaluate.h"

namespace postern {
namespace {

constexpr std::string_view kAdministrator = "admin";

/// What a policy says by itself about an administrator's own work.
iam::Outcome outcome(iam::PolicyKind kind, const std::string& document, const store::User& user) {
  const auto policy = iam::CompiledPolicy::compile(document, kind, "policy");
  if (!policy) return iam::Outcome::kExplicitDeny;
  const iam::CompiledPolicy* list[] = {&*policy};
  const iam::Request request{.principal = {.type = iam::PrincipalType::kUser, .arn = user.arn},
                             .action = "iam:AttachUserPolicy"};
  return iam::evaluate(request, {.identity = list}).outcome;
}

class Recoverer {
 public:
  Recoverer(store::Repositories& repos, const auth::Installation& installation, Timestamp now)
      : repos_(repos), installation_(installation), now_(now) {}

  Recovery run() {
    find_user();
    if (!repos_.attachments.reaches_user(user_.user_id, aws::kAdministratorAccess))
      did("attached AdministratorAccess");
    repos_.attachments.attach(user_.user_id, aws::kAdministratorAccess);
    remove_boundary();
    remove_denials();
    remove_service_control();
    make_key();
    return std::move(out_);
  }

 private:
  void did(std::string what) { out_.changes.push_back(std::move(what)); }

  void find_user() {
    if (auto found = repos_.users.find_by_name(kAdministrator)) {
      user_ = std::move(*found);
      return;
    }
    user_ = auth::make_first_administrator(installation_, now_).user;
    repos_.users.add(user_);
    did(fmt::format("created the user {}", kAdministrator));
  }

  void remove_boundary() {
    if (user_.boundary_arn.empty()) return;
    did(fmt::format("removed the permissions boundary {}", user_.boundary_arn));
    user_.boundary_arn.clear();
    repos_.users.update(user_);
  }

  void remove_denials() {
    const auto grants = repos_.grants.grants_of_user(user_.user_id);
    for (const auto& policy : grants->policies) {
      if (outcome(iam::PolicyKind::kIdentity, policy.document, user_) != iam::Outcome::kExplicitDeny)
        continue;
      if (policy.holder_id != user_.user_id) {
        if (repos_.groups.remove_member(policy.holder_id, user_.user_id))
          did(fmt::format("left the group {}, whose policy {} denies", policy.holder_name, policy.name));
      } else if (policy.kind == store::GrantedPolicy::Kind::kInline) {
        repos_.attachments.remove_inline(user_.user_id, policy.name);
        did(fmt::format("deleted the inline policy {}, which denies", policy.name));
      } else {
        repos_.attachments.detach(user_.user_id, policy.arn);
        did(fmt::format("detached {}, which denies", policy.arn));
      }
    }
  }

  void remove_service_control() {
    auto& controls = repos_.service_controls;
    std::vector<std::string> targets;
    std::vector<std::string> allowed;
    for (const auto& policy : controls.list()) {
      const auto result = outcome(iam::PolicyKind::kServiceControl, policy.content, user_);
      for (const auto& target : policy.targets) {
        targets.push_back(target);
        if (result == iam::Outcome::kAllowed) allowed.push_back(target);
        if (result != iam::Outcome::kExplicitDeny) continue;
        controls.detach(policy.policy_id, target);
        did(fmt::format("detached the service control policy {} from {}", policy.name, target));
      }
    }
    for (const auto& target : targets) {
      if (std::ranges::find(allowed, target) != allowed.end()) continue;
      // It is stored since the first policy was attached.
      controls.attach(api::organizations::kFullAccessId, target);
      did(fmt::format("attached FullAWSAccess to {}", target));
      allowed.push_back(target);
    }
  }

  void make_key() {
    auto keys = repos_.users.keys_of(user_.user_id);
    for (; keys.size() >= api::iam::kMaxAccessKeys; keys.erase(keys.begin())) {
      repos_.users.remove_key(keys.front().access_key_id);
      did(fmt::format("deleted the access key {}", keys.front().access_key_id));
    }
    out_.key = auth::make_access_key(user_.user_id, now_);
    repos_.users.add_key(out_.key);
    did(fmt::format("made the access key {}", out_.key.access_key_id));
  }

  store::Repositories& repos_;
  const auth::Installation& installation_;
  const Timestamp now_;
  store::User user_;
  Recovery out_;
};

}  // namespace

Recovery recover_administrator(store::Store& store, const auth::Installation& installation, Timestamp now) {
  auto recovery = store.run_blocking(
      [&](store::Repositories& repos) { return Recoverer(repos, installation, now).run(); });
  for (const auto& change : recovery.changes)
    log::warning("administrator_recovered", {{"user", kAdministrator}, {"change", change}});
  return recovery;
}

}  // namespace postern

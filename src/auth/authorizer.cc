#include "auth/authorizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <utility>

#include "auth/denial.h"
#include "auth/question.h"
#include "auth/request_context.h"

namespace postern::auth {
namespace {

using boost::asio::awaitable;

// What a node signs with its registered key.
constexpr std::array<std::string_view, 2> kKeyActions = {"ssm:RequestManagedInstanceRoleToken",
                                                         "ssm:UpdateManagedInstancePublicKey"};

bool needs_no_permission(const Principal& principal, const std::string& action) {
  if (principal.kind == PrincipalKind::kAnonymous) return false;
  if (action == "sts:GetCallerIdentity") return true;
  return principal.kind == PrincipalKind::kNode &&
         std::ranges::find(kKeyActions, action) != kKeyActions.end();
}

// Another node, or a session: those are people's, and a node is asked to join its own in another way.
bool is_not_its_own(const Principal& node, const Resource& resource, const Installation& installation) {
  const auto is = [&](const char* type) { return resource.arn.find(type) != std::string::npos; };
  return is(":session/") || (is(":managed-instance/") && resource.arn != installation.node_arn(node.name));
}

Decision denied(std::string reason, std::string message) {
  return {.allowed = false,
          .reason = std::move(reason),
          .message = message,
          .denial = aws::kAccessDenied(message)};
}

// What decides before any policy is looked at.
std::optional<Decision> decide_by_rule(const Principal& principal, const Access& access,
                                       const Installation& installation) {
  if (principal.kind == PrincipalKind::kNode) {
    for (const auto& resource : access.resources) {
      if (!is_not_its_own(principal, resource, installation)) continue;
      return denied("a node acts only for itself",
                    fmt::format("User: {} is not authorized to perform: {} on resource: {} because a managed "
                                "node acts only for itself",
                                principal.arn, access.action, resource.arn));
    }
  }
  if (needs_no_permission(principal, access.action))
    return Decision{.allowed = true, .reason = fmt::format("{} needs no permission", access.action)};
  return std::nullopt;
}

// Who asked is gone, or has never been: nothing allows anything.
std::shared_ptr<const EffectivePolicies> no_policies() {
  static const auto none =
      std::make_shared<const EffectivePolicies>(EffectivePolicies::Lists{}, store::Tags{});
  return none;
}

Decision judge(const Question& question, const iam::Decision& decision, const store::Sealer& sealer) {
  const auto& principal = question.principal();
  const auto& request = question.request();
  Decision out{.allowed = decision.allowed(), .reason = decision_text(decision, request)};
  if (!out.allowed) {
    out.message = denial_text(principal, request, decision);
    out.denial =
        aws::kAccessDenied(fmt::format("{}. Encoded authorization failure message: {}", out.message,
                                       encode_authorization_message(principal, request, decision, sealer)));
  }
  return out;
}

}  // namespace

Authorizer::Authorizer(store::Store& store, store::Sealer sealer, const Clock& clock,
                       const Installation& installation)
    : store_(store), sealer_(std::move(sealer)), clock_(clock), installation_(installation) {}

awaitable<std::shared_ptr<const EffectivePolicies>> Authorizer::policies_of(Principal principal) {
  auto key = policies_key(principal);
  const auto generation = generation_.load();
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = principals_.find(key); found != principals_.end()) co_return found->second;
  }
  auto policies = co_await store_.read([this, principal = std::move(principal)](store::Repositories& repos) {
    return load_policies(repos, principal, compiled_);
  });
  // Nobody is kept as gone: a name that anybody may use would fill the memory.
  if (!policies) co_return nullptr;
  const std::unique_lock lock(mutex_);
  // What was read before a change must not outlive it.
  if (generation_.load() == generation) {
    if (principals_.size() >= kMaxPrincipals) principals_.clear();
    principals_[std::move(key)] = policies;
  }
  co_return policies;
}

void Authorizer::invalidate() {
  const std::unique_lock lock(mutex_);
  ++generation_;
  principals_.clear();
}

awaitable<std::shared_ptr<const Question>> Authorizer::ask(
    Principal principal, Access access, ContextKeys request_keys,
    std::shared_ptr<const EffectivePolicies>& policies) {
  policies = co_await policies_of(principal);
  if (!policies) policies = no_policies();
  // A node knows the name of its role only.
  if (principal.kind == PrincipalKind::kNode) principal.role_arn = policies->arn();
  auto keys = std::move(request_keys);
  append(keys, asker_keys(principal, policies->tags(), installation_, clock_.now()));
  append(keys, access.keys);
  co_return std::make_shared<const Question>(std::move(principal), std::move(access), std::move(keys));
}

awaitable<Decision> Authorizer::decide(Principal principal, Access access, ContextKeys request_keys) {
  if (auto decided = decide_by_rule(principal, access, installation_)) co_return std::move(*decided);
  std::shared_ptr<const EffectivePolicies> policies;
  const auto question =
      co_await ask(std::move(principal), std::move(access), std::move(request_keys), policies);
  const auto decision = iam::evaluate(question->request(), policies->sets());
  co_return judge(*question, decision, sealer_);
}

std::string Authorizer::seal_record(const std::string& text, const std::string& id) const {
  return sealer_.seal(Secret(text), "access-record " + id);
}

std::optional<std::string> Authorizer::unseal_record(const std::string& sealed, const std::string& id) const {
  try {
    return std::string(sealer_.unseal(sealed, "access-record " + id).reveal());
  } catch (const store::StoreError&) {
    return std::nullopt;
  }
}

std::optional<std::string> Authorizer::decode_message(const std::string& encoded) const {
  return decode_authorization_message(encoded, sealer_);
}

}  // namespace postern::auth

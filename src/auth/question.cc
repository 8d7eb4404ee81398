#include "auth/question.h"

#include <utility>

#include "auth/request_context.h"

namespace postern::auth {
namespace {

iam::Principal view_of(const Principal& principal) {
  iam::Principal view{.arn = principal.arn, .account = principal.account, .unique_id = principal.user_id};
  switch (principal.kind) {
    case PrincipalKind::kAnonymous:
      break;
    case PrincipalKind::kUser:
      view.type = iam::PrincipalType::kUser;
      break;
    case PrincipalKind::kRoleSession:
    case PrincipalKind::kNode:
      view.type = iam::PrincipalType::kRoleSession;
      view.role_arn = principal.role_arn;
      view.unique_id = principal.role_id;
      break;
  }
  return view;
}

}  // namespace

ContextKeys asker_keys(const Principal& principal, const store::Tags& tags, const Installation& installation,
                       Timestamp now) {
  auto keys = principal_keys(principal, tags, installation);
  append(keys, time_keys(now));
  return keys;
}

Question::Question(Principal principal, Access access, ContextKeys keys)
    : principal_(std::move(principal)),
      access_(std::move(access)),
      keys_(std::move(keys)),
      contexts_(access_.resources.size()),
      aliases_(access_.resources.size()) {
  context_.reserve(keys_.size());
  for (const auto& [key, value] : keys_) context_.add(key, value);
  resources_.reserve(access_.resources.size());
  for (std::size_t i = 0; i < access_.resources.size(); ++i) {
    const auto& resource = access_.resources[i];
    for (const auto& [key, value] : resource.keys) contexts_[i].add(key, value);
    aliases_[i].assign(resource.aliases.begin(), resource.aliases.end());
    resources_.push_back({.arn = resource.arn,
                          .aliases = aliases_[i],
                          .context = &contexts_[i],
                          .policy = resource.policy.get(),
                          .rule = resource.rule});
  }
  request_ = {.principal = view_of(principal_),
              .action = access_.action,
              .resources = resources_,
              .context = &context_};
}

}  // namespace postern::auth

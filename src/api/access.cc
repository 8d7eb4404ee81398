#include "api/access.h"

#include <utility>

#include "auth/request_context.h"

namespace postern::api {

auth::ContextKeys request_keys(const Call& call) {
  return auth::request_keys(call.principal,
                            {.source_ip = call.source_address,
                             .user_agent = std::string(call.request.headers.find("User-Agent").value_or("")),
                             .secure_transport = call.request.secure},
                            call.services.installation, call.services.clock.now());
}

awaitable<auth::Decision> would_allow(Call& call, auth::Access access) {
  co_return co_await call.services.authorizer.decide(call.principal, std::move(access), request_keys(call));
}

awaitable<Result<void>> authorize(Call& call, auth::Access access) {
  for (auto& action : std::exchange(access.further_actions, {})) {
    auto further = access;
    further.action = std::move(action);
    if (auto ok = co_await authorize(call, std::move(further)); !ok) co_return ok;
  }
  call.action = access.action;
  call.resource = access.resources.empty() ? "*" : access.resources.front().arn;
  auto decision = co_await would_allow(call, std::move(access));
  call.decision = std::move(decision.reason);
  if (!decision.allowed) co_return std::unexpected(std::move(decision.denial));
  co_return Result<void>();
}

auth::ContextKeys tag_keys(const store::Tags& tags) {
  auth::ContextKeys keys;
  keys.reserve(tags.size() * 2);
  for (const auto& [key, value] : tags) {
    keys.emplace_back("ssm:resourceTag/" + key, value);
    keys.emplace_back("aws:ResourceTag/" + key, value);
  }
  return keys;
}

auth::Resource node_resource(const auth::Installation& names, const std::string& node_id,
                             const store::Tags& tags) {
  auth::Resource node(names.node_arn(node_id));
  node.aliases.push_back(names.instance_arn(node_id));
  node.keys = tag_keys(tags);
  for (const auto& [key, value] : tags) node.keys.emplace_back("ec2:ResourceTag/" + key, value);
  return node;
}

awaitable<auth::Resource> node_resource(const Services& services, std::string node_id) {
  auto tags = co_await services.store.read(
      [node_id](store::Repositories& repos) { return repos.tags.list(store::kNodeTags, node_id); });
  co_return node_resource(services.installation, node_id, tags);
}

awaitable<auth::Resource> document_resource(const Services& services, std::string name) {
  auto tags = co_await services.store.read(
      [name](store::Repositories& repos) { return repos.tags.list(store::kDocumentTags, name); });
  auth::Resource document(services.installation.document_arn(name));
  document.keys = tag_keys(tags);
  document.keys.emplace_back("ssm:DocumentType", "Session");
  co_return document;
}

auth::Resource session_resource(const auth::Installation& names, const store::Session& session) {
  auth::Resource resource(names.session_arn(session.session_id));
  resource.keys = tag_keys(
      {{"aws:ssmmessages:session-id", session.owner_id}, {"aws:ssmmessages:target-id", session.target}});
  return resource;
}

awaitable<auth::Resource> session_resource(const Services& services, std::string session_id) {
  const auto session = co_await services.store.read(
      [session_id](store::Repositories& repos) { return repos.sessions.find(session_id); });
  if (session) co_return session_resource(services.installation, *session);
  co_return auth::Resource(services.installation.session_arn(session_id));
}

auth::Access pass_role(const std::string& role_arn, std::string service) {
  return {.action = "iam:PassRole",
          .resources = {role_arn},
          .keys = {{"iam:PassedToService", std::move(service)}}};
}

}  // namespace postern::api

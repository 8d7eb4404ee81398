#include "api/ssm/session_access.h"

#include <utility>
#include <vector>

#include "api/access.h"
#include "aws/documents/built_in.h"

namespace postern::api::ssm {
namespace {

constexpr std::string_view kRunAsTag = "SSMSessionRunAs";

void add_each(const auth::Resource& resource, const std::vector<auth::ContextKeys>& session_keys,
              std::vector<auth::Resource>& into) {
  for (const auto& keys : session_keys) {
    auto& each = into.emplace_back(resource);
    each.keys.insert(each.keys.end(), keys.begin(), keys.end());
  }
  if (session_keys.empty()) into.push_back(resource);
}

auth::Access question(std::vector<auth::Resource> resources, const char* document_checked) {
  return {.action = "ssm:StartSession",
          .resources = std::move(resources),
          .keys = {{"ssm:SessionDocumentAccessCheck", document_checked}}};
}

}  // namespace

awaitable<auth::Decision> may_start(const Services& services, RecordedAccess access) {
  std::vector<auth::Resource> resources;
  add_each(co_await node_resource(services, access.node_id), access.session_keys, resources);
  const bool named = !access.document_name.empty();
  if (!named) {
    auto decision = co_await services.authorizer.decide(access.principal, question(resources, "false"),
                                                        access.request_keys);
    if (decision.allowed) co_return decision;
  }
  const auto document = co_await document_resource(
      services, named ? access.document_name : std::string(aws::kPreferencesDocument));
  add_each(document, access.session_keys, resources);
  co_return co_await services.authorizer.decide(
      std::move(access.principal), question(std::move(resources), "true"), std::move(access.request_keys));
}

awaitable<std::string> run_as_user(const Services& services, auth::Principal principal) {
  const std::string tag(kRunAsTag);
  if (const auto found = principal.session_tags.find(tag); found != principal.session_tags.end())
    co_return found->second;
  const auto policies = co_await services.authorizer.policies_of(std::move(principal));
  if (!policies) co_return std::string();
  const auto found = policies->tags().find(tag);
  co_return found == policies->tags().end() ? std::string() : found->second;
}

}  // namespace postern::api::ssm

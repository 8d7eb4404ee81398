#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/iam/access.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "api/tag_keys.h"

/// What MFA devices and OpenID Connect providers have in common: they are named by an ARN, under which their
/// tags are kept.
namespace postern::api::iam {

/// Anything named by its ARN, with its tags as what policies may ask about.
inline awaitable<auth::Resource> arn_resource(Call& call, std::string_view tag_type, std::string arn) {
  auto tags = co_await call.services.store.read(
      [tag_type, arn](store::Repositories& repos) { return repos.tags.list(tag_type, arn); });
  auth::Resource resource(arn);
  for (const auto& [key, value] : tags) {
    resource.keys.emplace_back("aws:ResourceTag/" + key, value);
    resource.keys.emplace_back("iam:ResourceTag/" + key, value);
  }
  co_return resource;
}

/// The action on what a member of the request names by its ARN. `tag_type` must be a constant.
template <class In>
auto on_arn(std::string action, std::string_view tag_type, std::string In::* arn) {
  return [action = "iam:" + action, tag_type, arn](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auto resource = co_await arn_resource(call, tag_type, in.*arn);
    co_return detail::access_to(action, std::move(resource), in);
  };
}

/// Adds TagX, UntagX and ListXTags of `name`. The members say which of each request's is the ARN; `require`
/// throws Refusal when there is nothing of that ARN.
template <class Tagging, class Untagging, class Listing, class Listed>
void add_tag_operations(Registry& registry, const std::string& name, std::string_view tag_type,
                        std::string Tagging::* tagged, std::string Untagging::* untagged,
                        std::string Listing::* listed,
                        void (*require)(store::Repositories&, const std::string& arn)) {
  add<Tagging, Empty>(registry, "Tag" + name,
                      {.access = on_arn<Tagging>("Tag" + name, tag_type, tagged),
                       .run = [=](Call& call, Tagging in) -> awaitable<Result<Empty>> {
                         return change_identities(call, [=, in = std::move(in)](store::Repositories& repos) {
                           require(repos, in.*tagged);
                           require_tags(repos.tags.list(tag_type, in.*tagged), in.tags);
                           put_tags(repos, tag_type, in.*tagged, to_record(in.tags));
                         });
                       }});
  add<Untagging, Empty>(registry, "Untag" + name,
                        {.access = on_arn<Untagging>("Untag" + name, tag_type, untagged),
                         .run = [=](Call& call, Untagging in) -> awaitable<Result<Empty>> {
                           return change_identities(call,
                                                    [=, in = std::move(in)](store::Repositories& repos) {
                                                      require(repos, in.*untagged);
                                                      repos.tags.remove(tag_type, in.*untagged, in.tag_keys);
                                                    });
                         }});
  const auto list = "List" + name + "Tags";
  add<Listing, Listed>(registry, list,
                       {.access = on_arn<Listing>(list, tag_type, listed),
                        .run = [=](Call& call, Listing in) -> awaitable<Result<Listed>> {
                          auto tags = co_await read_identities(call, [=](store::Repositories& repos) {
                            require(repos, in.*listed);
                            return to_shape(repos.tags.list(tag_type, in.*listed));
                          });
                          if (!tags) co_return std::unexpected(std::move(tags.error()));
                          co_return paged(call, list + ' ' + in.*listed, in, std::move(*tags), Listed{},
                                          &Listed::tags, [](const Tag& tag) { return tag.key; });
                        }});
}

}  // namespace postern::api::iam

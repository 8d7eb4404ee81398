#include <fmt/format.h>

#include "api/changes.h"
#include "api/ssm/document_lookup.h"
#include "api/ssm/operations.h"
#include "api/ssm/tag_shapes.h"
#include "api/tag_keys.h"

/// AddTagsToResource, RemoveTagsFromResource, ListTagsForResource (control-plane.md 6.4), for managed
/// nodes and documents.
namespace postern::api::ssm {
namespace {

void validate_resource(aws::Validation& validation, const std::string& type) {
  static constexpr std::string_view kTypes[] = {"Document",    "ManagedInstance", "MaintenanceWindow",
                                                "Parameter",   "PatchBaseline",   "OpsItem",
                                                "OpsMetadata", "Automation",      "Association"};
  validation.one_of("resourceType", type, kTypes);
}

struct AddTagsToResourceRequest {
  std::string resource_type;
  std::string resource_id;
  std::vector<Tag> tags;
  void validate(aws::Validation& validation) const {
    validate_resource(validation, resource_type);
    validate_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(AddTagsToResourceRequest, (), (resource_type, resource_id, tags))

struct RemoveTagsFromResourceRequest {
  std::string resource_type;
  std::string resource_id;
  std::vector<std::string> tag_keys;
  void validate(aws::Validation& validation) const { validate_resource(validation, resource_type); }
};
BOOST_DESCRIBE_STRUCT(RemoveTagsFromResourceRequest, (), (resource_type, resource_id, tag_keys))

struct ListTagsForResourceRequest {
  std::string resource_type;
  std::string resource_id;
  void validate(aws::Validation& validation) const { validate_resource(validation, resource_type); }
};
BOOST_DESCRIBE_STRUCT(ListTagsForResourceRequest, (), (resource_type, resource_id))

struct ListTagsForResourceResponse {
  std::vector<Tag> tag_list;
};
BOOST_DESCRIBE_STRUCT(ListTagsForResourceResponse, (), (tag_list))

template <class In>
auto on_resource(std::string action) {
  return [action = std::move(action)](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    const auto& names = call.services.installation;
    auth::Access access{.action = action};
    if constexpr (requires { in.tags; }) access.keys = auth::tag_request_keys(to_record(in.tags));
    if constexpr (requires { in.tag_keys; }) access.keys = auth::tag_request_keys(in.tag_keys);
    if (in.resource_type == store::kNodeTags) {
      access.about(co_await node_resource(call.services, in.resource_id));
      co_return access;
    }
    if (in.resource_type != store::kDocumentTags) {
      co_return std::unexpected(aws::kInvalidResourceType(
          "Resources of type " + in.resource_type + " are not kept here; ManagedInstance and Document are."));
    }
    auto name = document_name(names, in.resource_id);
    if (!name) co_return std::unexpected(aws::kInvalidResourceId(std::move(name.error().message)));
    in.resource_id = std::move(*name);
    access.about(co_await document_resource(call.services, in.resource_id));
    co_return access;
  };
}

// Nothing when the resource is there, and may carry tags.
std::optional<aws::ApiError> check_resource(store::Repositories& repos, const std::string& type,
                                            const std::string& id) {
  if (type == store::kNodeTags) {
    if (repos.nodes.find(id)) return std::nullopt;
    return aws::kInvalidResourceId("There is no managed node " + id + '.');
  }
  if (repos.documents.find(id)) return std::nullopt;
  return aws::kInvalidResourceId(
      aws::find_built_in_document(id) == nullptr
          ? fmt::format("There is no document {}.", id)
          : fmt::format("Nobody has created the document {}, so it carries no tags.", id));
}

awaitable<Result<Empty>> add_tags(Call& call, AddTagsToResourceRequest in) {
  if (auto problem = tag_key_problem(in.tags))
    co_return std::unexpected(aws::kValidation(std::move(*problem)));
  auto error = co_await call.services.store.run(
      [in = std::move(in)](store::Repositories& repos) -> std::optional<aws::ApiError> {
        if (auto wrong = check_resource(repos, in.resource_type, in.resource_id)) return wrong;
        const auto added = to_record(in.tags);
        const auto all = with_tags(repos.tags.list(in.resource_type, in.resource_id), added);
        if (all.size() > kMaxTags) return aws::kTooManyTags("A resource can have at most 50 tags.");
        put_tags(repos, in.resource_type, in.resource_id, added);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  announce_resources_changed(call.services);
  co_return Empty{};
}

awaitable<Result<Empty>> remove_tags(Call& call, RemoveTagsFromResourceRequest in) {
  auto error = co_await call.services.store.run(
      [in = std::move(in)](store::Repositories& repos) -> std::optional<aws::ApiError> {
        if (auto wrong = check_resource(repos, in.resource_type, in.resource_id)) return wrong;
        repos.tags.remove(in.resource_type, in.resource_id, in.tag_keys);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  announce_resources_changed(call.services);
  co_return Empty{};
}

awaitable<Result<ListTagsForResourceResponse>> list_tags(Call& call, ListTagsForResourceRequest in) {
  auto tags = co_await call.services.store.read(
      [in = std::move(in)](store::Repositories& repos) -> Result<store::Tags> {
        if (auto wrong = check_resource(repos, in.resource_type, in.resource_id))
          return std::unexpected(std::move(*wrong));
        return repos.tags.list(in.resource_type, in.resource_id);
      });
  if (!tags) co_return std::unexpected(std::move(tags.error()));
  co_return ListTagsForResourceResponse{to_shape(*tags)};
}

}  // namespace

void register_tags(Registry& registry) {
  registry.add(
      "ssm", "AddTagsToResource",
      json_operation<AddTagsToResourceRequest, Empty>(
          {.access = on_resource<AddTagsToResourceRequest>("ssm:AddTagsToResource"), .run = add_tags}));
  registry.add("ssm", "RemoveTagsFromResource",
               json_operation<RemoveTagsFromResourceRequest, Empty>(
                   {.access = on_resource<RemoveTagsFromResourceRequest>("ssm:RemoveTagsFromResource"),
                    .run = remove_tags}));
  registry.add(
      "ssm", "ListTagsForResource",
      json_operation<ListTagsForResourceRequest, ListTagsForResourceResponse>(
          {.access = on_resource<ListTagsForResourceRequest>("ssm:ListTagsForResource"), .run = list_tags}));
}

}  // namespace postern::api::ssm

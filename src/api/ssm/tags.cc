#include "api/ssm/operations.h"
#include "api/ssm/tag_shapes.h"

/// AddTagsToResource, RemoveTagsFromResource, ListTagsForResource (control-plane.md 6.4), so far for managed
/// nodes.
namespace postern::api::ssm {
namespace {

constexpr std::string_view kManagedInstance = "ManagedInstance";

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
    if (in.resource_type != kManagedInstance) {
      co_return std::unexpected(aws::kInvalidResourceType("Resources of type " + in.resource_type +
                                                          " are not kept here; ManagedInstance is."));
    }
    co_return auth::Access{.action = action,
                           .resources = {call.services.installation.node_arn(in.resource_id)}};
  };
}

aws::ApiError no_such_node(const std::string& id) {
  return aws::kInvalidResourceId("There is no managed node " + id + '.');
}

awaitable<Result<Empty>> add_tags(Call& call, AddTagsToResourceRequest in) {
  const auto id = in.resource_id;
  auto error = co_await call.services.store.run(
      [in = std::move(in)](store::Repositories& repos) -> std::optional<aws::ApiError> {
        if (!repos.nodes.find(in.resource_id)) return no_such_node(in.resource_id);
        auto all = repos.tags.list(kManagedInstance, in.resource_id);
        const auto added = to_record(in.tags);
        for (const auto& [key, value] : added) all[key] = value;
        if (all.size() > kMaxTags) return aws::kTooManyTags("A resource can have at most 50 tags.");
        repos.tags.put(kManagedInstance, in.resource_id, added);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  co_return Empty{};
}

awaitable<Result<Empty>> remove_tags(Call& call, RemoveTagsFromResourceRequest in) {
  auto error = co_await call.services.store.run(
      [in = std::move(in)](store::Repositories& repos) -> std::optional<aws::ApiError> {
        if (!repos.nodes.find(in.resource_id)) return no_such_node(in.resource_id);
        repos.tags.remove(kManagedInstance, in.resource_id, in.tag_keys);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  co_return Empty{};
}

awaitable<Result<ListTagsForResourceResponse>> list_tags(Call& call, ListTagsForResourceRequest in) {
  auto tags = co_await call.services.store.read(
      [id = in.resource_id](store::Repositories& repos) -> std::optional<store::Tags> {
        if (!repos.nodes.find(id)) return std::nullopt;
        return repos.tags.list(kManagedInstance, id);
      });
  if (!tags) co_return std::unexpected(no_such_node(in.resource_id));
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

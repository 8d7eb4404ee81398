#include <algorithm>
#include <array>

#include "api/paging.h"
#include "api/ssm/operations.h"
#include "api/ssm/target.h"

/// Managed nodes as they report themselves and as they are listed (control-plane.md 3.3, 6.3), and the little
/// that State Manager must answer (3.5).
namespace postern::api::ssm {
namespace {

using namespace std::chrono_literals;

// Agents ping every five minutes: two periods and slack.
constexpr auto kPingLost = 12min;

const aws::Pattern kNodeId("mi-[0-9a-f]{17}");
constexpr std::string_view kPlatformTypes[] = {"Windows", "Linux", "MacOS"};

struct UpdateInstanceInformationRequest {
  std::string instance_id;
  std::optional<std::string> agent_name;
  std::optional<std::string> agent_version;
  std::optional<std::string> platform_type;
  std::optional<std::string> platform_name;
  std::optional<std::string> platform_version;
  std::optional<std::string> ip_address;
  std::optional<std::string> computer_name;

  void validate(aws::Validation& validation) const {
    validation.length("instanceId", instance_id, 10, 124);
    if (agent_name) validation.length("agentName", *agent_name, 0, 128);
    if (agent_version) validation.length("agentVersion", *agent_version, 5, 32);
    if (platform_name) validation.length("platformName", *platform_name, 0, 256);
    if (platform_version) validation.length("platformVersion", *platform_version, 0, 256);
    if (ip_address) validation.length("IPAddress", *ip_address, 0, 46);
    if (computer_name) validation.length("computerName", *computer_name, 0, 255);
    if (platform_type) validation.one_of("platformType", *platform_type, kPlatformTypes);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateInstanceInformationRequest, (),
                      (instance_id, agent_name, agent_version, platform_type, platform_name, platform_version,
                       ip_address, computer_name))

awaitable<Result<Empty>> update_information(Call& call, UpdateInstanceInformationRequest in) {
  const bool there = co_await call.services.store.run(
      [in = std::move(in), now = call.services.clock.now()](store::Repositories& repos) {
        auto node = repos.nodes.find(in.instance_id);
        if (!node) return false;
        node->last_ping = now;
        // The reduced form of the start-up ping leaves out what the full form said; what is absent stays.
        const auto take = [](std::string& into, const std::optional<std::string>& from) {
          if (from && !from->empty()) into = *from;
        };
        take(node->agent_name, in.agent_name);
        take(node->agent_version, in.agent_version);
        take(node->platform_type, in.platform_type);
        take(node->platform_name, in.platform_name);
        take(node->platform_version, in.platform_version);
        take(node->ip_address, in.ip_address);
        take(node->computer_name, in.computer_name);
        return repos.nodes.update_information(*node);
      });
  if (!there) co_return std::unexpected(aws::kInvalidInstanceId("The managed node is not registered."));
  co_return Empty{};
}

/// The old filter form, with member names in lower camel case.
struct InstanceInformationFilter {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string key;
  std::vector<std::string> value_set;
};
BOOST_DESCRIBE_STRUCT(InstanceInformationFilter, (), (key, value_set))

struct InstanceInformationStringFilter {
  std::string key;
  std::vector<std::string> values;
};
BOOST_DESCRIBE_STRUCT(InstanceInformationStringFilter, (), (key, values))

struct DescribeInstanceInformationRequest {
  std::vector<InstanceInformationFilter> instance_information_filter_list;
  std::vector<InstanceInformationStringFilter> filters;
  std::optional<int> max_results;
  std::optional<std::string> next_token;

  void validate(aws::Validation& validation) const {
    if (max_results) validation.range("maxResults", *max_results, 5, 50);
  }
};
BOOST_DESCRIBE_STRUCT(DescribeInstanceInformationRequest, (),
                      (instance_information_filter_list, filters, max_results, next_token))

struct InstanceInformation {
  std::string instance_id;
  std::string ping_status;
  std::optional<Timestamp> last_ping_date_time;
  std::optional<std::string> agent_version;
  std::optional<std::string> platform_type;
  std::optional<std::string> platform_name;
  std::optional<std::string> platform_version;
  std::string activation_id;
  std::string iam_role;
  Timestamp registration_date;
  std::string resource_type;
  std::optional<std::string> name;
  std::optional<std::string> ip_address;
  std::optional<std::string> computer_name;
};
BOOST_DESCRIBE_STRUCT(InstanceInformation, (),
                      (instance_id, ping_status, last_ping_date_time, agent_version, platform_type,
                       platform_name, platform_version, activation_id, iam_role, registration_date,
                       resource_type, name, ip_address, computer_name))

struct DescribeInstanceInformationResponse {
  std::vector<InstanceInformation> instance_information_list;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInstanceInformationResponse, (), (instance_information_list, next_token))

InstanceInformation to_shape(const store::Node& node, const Call& call) {
  const auto unless_empty = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  const bool online = call.services.gateway.connected(node.node_id) ||
                      (node.last_ping && call.services.clock.now() - *node.last_ping < kPingLost);
  return {.instance_id = node.node_id,
          .ping_status = online ? "Online" : "ConnectionLost",
          .last_ping_date_time = node.last_ping,
          .agent_version = unless_empty(node.agent_version),
          .platform_type = unless_empty(node.platform_type),
          .platform_name = unless_empty(node.platform_name),
          .platform_version = unless_empty(node.platform_version),
          .activation_id = node.activation_id,
          .iam_role = node.iam_role,
          .registration_date = node.registered,
          .resource_type = "ManagedInstance",
          .name = unless_empty(node.name),
          .ip_address = unless_empty(node.ip_address),
          .computer_name = unless_empty(node.computer_name)};
}

bool among(const std::vector<std::string>& values, const std::optional<std::string>& value) {
  return value && std::ranges::find(values, *value) != values.end();
}

// Whether the node passes one filter; an unknown key is the caller's mistake.
Result<bool> matches(const InstanceInformation& node, const store::Tags& tags, const std::string& key,
                     const std::vector<std::string>& values) {
  constexpr std::string_view kTag = "tag:";
  if (key == "InstanceIds" || key == "SourceIds") return among(values, node.instance_id);
  if (key == "AgentVersion") return among(values, node.agent_version);
  if (key == "PingStatus") return among(values, node.ping_status);
  if (key == "PlatformTypes" || key == "PlatformType") return among(values, node.platform_type);
  if (key == "ActivationIds") return among(values, node.activation_id);
  if (key == "IamRole") return among(values, node.iam_role);
  if (key == "ResourceType") return among(values, node.resource_type);
  if (key == "SourceTypes") return among(values, std::string("AWS::SSM::ManagedInstance"));
  // No association has ever run.
  if (key == "AssociationStatus") return false;
  if (key == "tag-key") {
    return std::ranges::any_of(values, [&](const auto& value) { return tags.contains(value); });
  }
  if (key.starts_with(kTag)) {
    const auto found = tags.find(key.substr(kTag.size()));
    return found != tags.end() && among(values, found->second);
  }
  return std::unexpected(aws::kInvalidFilterKey("The filter key " + key +
                                                " is not valid. Use InstanceIds, AgentVersion, PingStatus, "
                                                "PlatformTypes, ActivationIds, IamRole, ResourceType, "
                                                "tag-key or tag:<key>."));
}

awaitable<Result<DescribeInstanceInformationResponse>> describe_nodes(Call& call,
                                                                      DescribeInstanceInformationRequest in) {
  if (!in.filters.empty() && !in.instance_information_filter_list.empty()) {
    co_return std::unexpected(
        aws::kValidation("Use Filters or InstanceInformationFilterList, not both in one request."));
  }
  for (auto& old : in.instance_information_filter_list)
    in.filters.push_back({old.key, std::move(old.value_set)});
  struct Found {
    std::vector<store::Node> nodes;
    std::map<std::string, store::Tags> tags;
  };
  auto found = co_await call.services.store.read([](store::Repositories& repos) {
    return Found{repos.nodes.list(), repos.tags.list_all(store::kNodeTags)};
  });
  std::vector<InstanceInformation> kept;
  for (const auto& node : found.nodes) {
    auto shape = to_shape(node, call);
    bool keep = true;
    for (const auto& filter : in.filters) {
      const auto match = matches(shape, found.tags[node.node_id], filter.key, filter.values);
      if (!match) co_return std::unexpected(match.error());
      keep = keep && *match;
    }
    if (keep) kept.push_back(std::move(shape));
  }
  auto page = cut_page(call, "DescribeInstanceInformation", std::move(kept),
                       static_cast<std::size_t>(in.max_results.value_or(50)), in.next_token,
                       [](const InstanceInformation& node) { return node.instance_id; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  co_return DescribeInstanceInformationResponse{std::move(page->items), std::move(page->next_token)};
}

struct DeregisterManagedInstanceRequest {
  std::string instance_id;
  void validate(aws::Validation& validation) const { validation.pattern("instanceId", instance_id, kNodeId); }
};
BOOST_DESCRIBE_STRUCT(DeregisterManagedInstanceRequest, (), (instance_id))

awaitable<Result<Empty>> deregister(Call& call, DeregisterManagedInstanceRequest in) {
  const bool removed = co_await call.services.store.run(
      [id = in.instance_id](store::Repositories& repos) { return repos.nodes.remove(id); });
  if (!removed)
    co_return std::unexpected(aws::kInvalidInstanceId("There is no managed node " + in.instance_id + '.'));
  co_await call.services.gateway.drop_node(in.instance_id,
                                           "The managed node " + in.instance_id + " was deregistered.");
  co_return Empty{};
}

struct GetConnectionStatusRequest {
  std::string target;
  void validate(aws::Validation& validation) const { validation.length("target", target, 1, 400); }
};
BOOST_DESCRIBE_STRUCT(GetConnectionStatusRequest, (), (target))

struct GetConnectionStatusResponse {
  std::string target;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(GetConnectionStatusResponse, (), (target, status))

awaitable<Result<auth::Access>> on_target(Call& call, GetConnectionStatusRequest& in) {
  // A target that does not exist is simply not connected, as with AWS.
  if (auto node = co_await resolve_target(call, in.target)) in.target = node->node_id;
  auth::Access access{.action = "ssm:GetConnectionStatus"};
  access.about(co_await node_resource(call.services, in.target));
  co_return access;
}

awaitable<Result<GetConnectionStatusResponse>> get_connection_status(Call& call,
                                                                     GetConnectionStatusRequest in) {
  const bool connected = call.services.gateway.connected(in.target);
  co_return GetConnectionStatusResponse{in.target, connected ? "connected" : "notconnected"};
}

struct ListInstanceAssociationsRequest {
  std::string instance_id;
};
BOOST_DESCRIBE_STRUCT(ListInstanceAssociationsRequest, (), (instance_id))

struct ListInstanceAssociationsResponse {
  std::vector<std::string> associations;
};
BOOST_DESCRIBE_STRUCT(ListInstanceAssociationsResponse, (), (associations))

// There is no State Manager here; official agents ask all the same and are content with an empty list.
awaitable<Result<ListInstanceAssociationsResponse>> list_associations(Call&,
                                                                      ListInstanceAssociationsRequest) {
  co_return ListInstanceAssociationsResponse{};
}

}  // namespace

void register_nodes(Registry& registry) {
  registry.add(
      "ssm", "UpdateInstanceInformation",
      json_operation<UpdateInstanceInformationRequest, Empty>(
          {.access = on_node("ssm:UpdateInstanceInformation", &UpdateInstanceInformationRequest::instance_id),
           .run = update_information}));
  registry.add("ssm", "DescribeInstanceInformation",
               json_operation<DescribeInstanceInformationRequest, DescribeInstanceInformationResponse>(
                   {.access = on_everything("ssm:DescribeInstanceInformation"), .run = describe_nodes}));
  registry.add(
      "ssm", "DeregisterManagedInstance",
      json_operation<DeregisterManagedInstanceRequest, Empty>(
          {.access = on_node("ssm:DeregisterManagedInstance", &DeregisterManagedInstanceRequest::instance_id),
           .run = deregister}));
  registry.add("ssm", "GetConnectionStatus",
               json_operation<GetConnectionStatusRequest, GetConnectionStatusResponse>(
                   {.access = on_target, .run = get_connection_status}));
  registry.add(
      "ssm", "ListInstanceAssociations",
      json_operation<ListInstanceAssociationsRequest, ListInstanceAssociationsResponse>(
          {.access = on_node("ssm:ListInstanceAssociations", &ListInstanceAssociationsRequest::instance_id),
           .run = list_associations}));
}

}  // namespace postern::api::ssm

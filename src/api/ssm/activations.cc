#include <algorithm>

#include "api/paging.h"
#include "api/ssm/operations.h"
#include "api/ssm/tag_shapes.h"
#include "api/ssm/target.h"
#include "api/tag_keys.h"
#include "auth/request_context.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/uuid.h"
#include "iam/evaluate.h"

/// CreateActivation, DescribeActivations, DeleteActivation (control-plane.md 6.3).
namespace postern::api::ssm {
namespace {

using namespace std::chrono_literals;

constexpr auto kDefaultLifetime = 24h;
constexpr auto kMaxLifetime = 30 * 24h;
// The agent demands 20 at least; 25 characters of 62 are 148 bits.
constexpr std::size_t kCodeLength = 25;
constexpr std::string_view kSystemsManager = "ssm.amazonaws.com";

const aws::Pattern kActivationId("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

struct CreateActivationRequest {
  std::optional<std::string> description;
  std::optional<std::string> default_instance_name;
  std::string iam_role;
  std::optional<int> registration_limit;
  std::optional<Timestamp> expiration_date;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    if (description) validation.length("description", *description, 0, 256);
    if (default_instance_name) validation.length("defaultInstanceName", *default_instance_name, 0, 256);
    if (default_instance_name && is_reserved_name(*default_instance_name)) {
      validation.fail("defaultInstanceName", *default_instance_name,
                      "Member must not begin with mi-, i- or tag:");
    }
    validation.length("iamRole", iam_role, 1, 64);
    if (registration_limit) validation.range("registrationLimit", *registration_limit, 1, 1000);
    validate_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateActivationRequest, (),
                      (description, default_instance_name, iam_role, registration_limit, expiration_date,
                       tags))

struct CreateActivationResponse {
  std::string activation_id;
  Secret activation_code;
};
BOOST_DESCRIBE_STRUCT(CreateActivationResponse, (), (activation_id, activation_code))

// May Systems Manager hand the role to nodes, by the role's own trust policy?
bool trusts_systems_manager(const store::Role& role) {
  const auto trust =
      postern::iam::CompiledPolicy::compile(role.trust_policy, postern::iam::PolicyKind::kTrust, role.arn);
  if (!trust) return false;
  const postern::iam::Resource resource{
      .arn = role.arn, .policy = &*trust, .rule = postern::iam::ResourcePolicyRule::kRequired};
  const postern::iam::Request request{
      .principal = {.type = postern::iam::PrincipalType::kService, .name = kSystemsManager},
      .action = "sts:AssumeRole",
      .resources = {&resource, 1}};
  return postern::iam::evaluate(request, {}).allowed();
}

awaitable<Result<void>> may_create_activation(Call& call, CreateActivationRequest& in) {
  const auto& names = call.services.installation;
  auto ok = co_await authorize(
      call, {.action = "ssm:CreateActivation", .keys = auth::tag_request_keys(to_record(in.tags))});
  if (!ok) co_return std::unexpected(std::move(ok.error()));
  const auto name = auth::Installation::role_name(in.iam_role);
  const auto role = co_await call.services.store.read(
      [name](store::Repositories& repos) { return repos.roles.find_by_name(name); });
  const auto arn = role ? role->arn : names.iam_arn("role", "/", in.iam_role);
  auto passed = co_await authorize(call, pass_role(arn, std::string(kSystemsManager)));
  if (!passed) co_return std::unexpected(std::move(passed.error()));
  if (!role || !trusts_systems_manager(*role)) {
    co_return std::unexpected(
        aws::kValidation("Nonexistent role or missing ssm service principal in trust policy: " + arn));
  }
  co_return Result<void>();
}

awaitable<Result<CreateActivationResponse>> create_activation(Call& call, CreateActivationRequest in) {
  const auto now = call.services.clock.now();
  const auto expires = in.expiration_date.value_or(now + kDefaultLifetime);
  if (expires <= now || expires > now + kMaxLifetime) {
    co_return std::unexpected(
        aws::kInvalidParameters("ExpirationDate must lie in the future, at most 30 days ahead."));
  }
  if (in.tags.size() > kMaxTags)
    co_return std::unexpected(aws::kInvalidParameters("At most 50 tags are allowed."));
  if (auto problem = tag_key_problem(in.tags))
    co_return std::unexpected(aws::kInvalidParameters(std::move(*problem)));
  const auto code = random_text(kCodeLength, kAlphanumeric);
  store::Activation record{.activation_id = Uuid::random().to_string(),
                           .code_hash = sha256_hex(code),
                           .description = in.description.value_or(""),
                           .default_instance_name = in.default_instance_name.value_or(""),
                           .iam_role = in.iam_role,
                           .registration_limit = in.registration_limit.value_or(1),
                           .expires = expires,
                           .created = now,
                           .tags = to_record(in.tags)};
  CreateActivationResponse out{record.activation_id, Secret(code)};
  co_await call.services.store.run([record](store::Repositories& repos) { repos.activations.add(record); });
  co_return out;
}

struct ActivationFilter {
  std::string filter_key;
  std::vector<std::string> filter_values;
};
BOOST_DESCRIBE_STRUCT(ActivationFilter, (), (filter_key, filter_values))

struct DescribeActivationsRequest {
  std::vector<ActivationFilter> filters;
  std::optional<int> max_results;
  std::optional<std::string> next_token;

  void validate(aws::Validation& validation) const {
    if (max_results) validation.range("maxResults", *max_results, 1, 50);
  }
};
BOOST_DESCRIBE_STRUCT(DescribeActivationsRequest, (), (filters, max_results, next_token))

struct ActivationShape {
  std::string activation_id;
  std::optional<std::string> description;
  std::optional<std::string> default_instance_name;
  std::string iam_role;
  int registration_limit = 0;
  int registrations_count = 0;
  Timestamp expiration_date;
  bool expired = false;
  Timestamp created_date;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(ActivationShape, (),
                      (activation_id, description, default_instance_name, iam_role, registration_limit,
                       registrations_count, expiration_date, expired, created_date, tags))

struct DescribeActivationsResponse {
  std::vector<ActivationShape> activation_list;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeActivationsResponse, (), (activation_list, next_token))

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

ActivationShape to_shape(const store::Activation& record, Timestamp now) {
  return {.activation_id = record.activation_id,
          .description = unless_empty(record.description),
          .default_instance_name = unless_empty(record.default_instance_name),
          .iam_role = record.iam_role,
          .registration_limit = record.registration_limit,
          .registrations_count = record.registrations_count,
          .expiration_date = record.expires,
          .expired = record.expires <= now,
          .created_date = record.created,
          .tags = ssm::to_shape(record.tags)};
}

Result<bool> matches(const store::Activation& record, const ActivationFilter& filter) {
  const std::string* value = nullptr;
  if (filter.filter_key == "ActivationIds") value = &record.activation_id;
  if (filter.filter_key == "DefaultInstanceName") value = &record.default_instance_name;
  if (filter.filter_key == "IamRole") value = &record.iam_role;
  if (value == nullptr) {
    return std::unexpected(aws::kInvalidFilter(
        "The filter " + filter.filter_key + " is not one of ActivationIds, DefaultInstanceName, IamRole."));
  }
  return std::ranges::find(filter.filter_values, *value) != filter.filter_values.end();
}

awaitable<Result<DescribeActivationsResponse>> describe_activations(Call& call,
                                                                    DescribeActivationsRequest in) {
  auto all =
      co_await call.services.store.read([](store::Repositories& repos) { return repos.activations.list(); });
  std::vector<store::Activation> kept;
  for (auto& record : all) {
    bool keep = true;
    for (const auto& filter : in.filters) {
      const auto match = matches(record, filter);
      if (!match) co_return std::unexpected(match.error());
      keep = keep && *match;
    }
    if (keep) kept.push_back(std::move(record));
  }
  auto page = cut_page(call, "DescribeActivations", std::move(kept),
                       static_cast<std::size_t>(in.max_results.value_or(50)), in.next_token,
                       [](const store::Activation& record) { return record.activation_id; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  DescribeActivationsResponse out{.next_token = std::move(page->next_token)};
  for (const auto& record : page->items)
    out.activation_list.push_back(to_shape(record, call.services.clock.now()));
  co_return out;
}

struct DeleteActivationRequest {
  std::string activation_id;
  void validate(aws::Validation& validation) const {
    validation.pattern("activationId", activation_id, kActivationId);
  }
};
BOOST_DESCRIBE_STRUCT(DeleteActivationRequest, (), (activation_id))

awaitable<Result<Empty>> delete_activation(Call& call, DeleteActivationRequest in) {
  const bool removed = co_await call.services.store.run(
      [id = in.activation_id](store::Repositories& repos) { return repos.activations.remove(id); });
  if (!removed)
    co_return std::unexpected(aws::kInvalidActivationId("There is no activation " + in.activation_id + '.'));
  co_return Empty{};
}

}  // namespace

void register_activations(Registry& registry) {
  registry.add("ssm", "CreateActivation",
               json_operation<CreateActivationRequest, CreateActivationResponse>(
                   {.access = nullptr, .run = create_activation, .permit = may_create_activation}));
  registry.add("ssm", "DescribeActivations",
               json_operation<DescribeActivationsRequest, DescribeActivationsResponse>(
                   {.access = on_everything("ssm:DescribeActivations"), .run = describe_activations}));
  registry.add("ssm", "DeleteActivation",
               json_operation<DeleteActivationRequest, Empty>(
                   {.access = on_everything("ssm:DeleteActivation"), .run = delete_activation}));
}

}  // namespace postern::api::ssm

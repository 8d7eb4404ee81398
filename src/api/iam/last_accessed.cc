#include <algorithm>
#include <deque>
#include <map>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/operations.h"
#include "api/iam/paging.h"
#include "api/iam/requests.h"
#include "aws/unique_id.h"
#include "base/uuid.h"
#include "iam/compiled_policy.h"

/// GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails: which of the services that a user,
/// group, role or policy may use were used, and when last. There is nothing to wait for: a job is finished
/// when it is made, and its answer is read when it is asked for.
namespace postern::api::iam {
namespace {

// As AWS keeps a report.
constexpr std::chrono::days kJobLifetime{7};

constexpr std::string_view kGranularities[] = {"SERVICE_LEVEL", "ACTION_LEVEL"};

// Those that this service has: namespace and name.
const std::map<std::string, std::string>& services() {
  static const std::map<std::string, std::string> all = {
      {"ec2messages", "Amazon Message Delivery Service"},
      {"iam", "AWS Identity and Access Management"},
      {"organizations", "AWS Organizations"},
      {"ssm", "AWS Systems Manager"},
      {"ssmmessages", "Amazon Session Manager Message Gateway Service"},
      {"sts", "AWS Security Token Service"},
  };
  return all;
}

struct GenerateRequest {
  std::string arn;
  std::optional<std::string> granularity;

  void validate(aws::Validation& validation) const {
    validation.length("arn", arn, 20, 2048);
    if (granularity) validation.one_of("granularity", *granularity, kGranularities);
  }
};
BOOST_DESCRIBE_STRUCT(GenerateRequest, (), (arn, granularity))

struct GenerateResponse {
  std::string job_id;
};
BOOST_DESCRIBE_STRUCT(GenerateResponse, (), (job_id))

// Whose use counts, and by which policies.
struct Subject {
  std::vector<store::GrantedPolicy> policies;
  // Users and roles: unique id and ARN.
  std::map<std::string, std::string> principals;
};

void add_user(store::Repositories& repos, Subject& subject, const std::string& user_id) {
  if (const auto user = repos.users.find(user_id)) subject.principals[user_id] = user->arn;
}

void add_holder(store::Repositories& repos, Subject& subject, const std::string& id) {
  if (const auto role = repos.roles.find(id)) subject.principals[id] = role->arn;
  add_user(repos, subject, id);
  for (const auto& member : repos.groups.members(id)) subject.principals[member.user_id] = member.arn;
}

std::vector<store::GrantedPolicy> policies_of_group(store::Repositories& repos, const std::string& id) {
  std::vector<store::GrantedPolicy> all;
  const auto add_policy = [&](const std::string& name, const std::string& document) {
    store::GrantedPolicy policy;
    policy.name = name;
    policy.document = document;
    all.push_back(std::move(policy));
  };
  for (const auto& arn : repos.attachments.attached_to(id)) {
    const auto policy = find_policy(repos, arn);
    if (!policy) continue;
    for (const auto& version : versions_of(repos, *policy)) {
      if (version.version == policy->default_version) add_policy(policy->name, version.document);
    }
  }
  for (const auto& [name, document] : repos.attachments.inline_of(id)) add_policy(name, document);
  return all;
}

// By ARN, as the request names it. Throws Refusal.
Subject subject_at(store::Repositories& repos, const std::string& arn) {
  Subject subject;
  const auto at = [&arn](const auto& one) { return one.arn == arn; };
  const auto users = repos.users.list();
  if (const auto user = std::ranges::find_if(users, at); user != users.end()) {
    subject.principals[user->user_id] = user->arn;
    subject.policies = repos.grants.grants_of_user(user->user_id)->policies;
    return subject;
  }
  const auto roles = repos.roles.list();
  if (const auto role = std::ranges::find_if(roles, at); role != roles.end()) {
    subject.principals[role->role_id] = role->arn;
    subject.policies = repos.grants.grants_of_role(role->role_id)->policies;
    return subject;
  }
  const auto groups = repos.groups.list();
  if (const auto group = std::ranges::find_if(groups, at); group != groups.end()) {
    add_holder(repos, subject, group->group_id);
    subject.policies = policies_of_group(repos, group->group_id);
    return subject;
  }
  const auto policy = policy_at(repos, arn);
  for (const auto& holder : repos.attachments.holders_of(arn)) add_holder(repos, subject, holder);
  for (const auto& version : versions_of(repos, policy)) {
    if (version.version != policy.default_version) continue;
    store::GrantedPolicy granted;
    granted.document = version.document;
    subject.policies.push_back(std::move(granted));
  }
  return subject;
}

awaitable<Result<GenerateResponse>> generate(Call& call, GenerateRequest in) {
  const auto now = call.services.clock.now();
  store::LastAccessedJob job{.job_id = Uuid::random().to_string(),
                             .entity_arn = in.arn,
                             .granularity = in.granularity.value_or(std::string(kGranularities[0])),
                             .created = now};
  try {
    co_await call.services.store.run([job, now](store::Repositories& repos) {
      subject_at(repos, job.entity_arn);
      repos.last_accessed.remove_jobs_before(now - kJobLifetime);
      repos.last_accessed.add_job(job);
    });
  } catch (const Refusal& refusal) {
    co_return std::unexpected(refusal.error());
  }
  co_return GenerateResponse{job.job_id};
}

struct GetRequest {
  std::string job_id;
  std::optional<std::string> marker;
  std::optional<int> max_items;

  void validate(aws::Validation& validation) const {
    validation.length("jobId", job_id, 36, 36);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(GetRequest, (), (job_id, marker, max_items))

struct TrackedAction {
  std::string action_name;
  std::string last_accessed_entity;
  Timestamp last_accessed_time;
  std::string last_accessed_region;
};
BOOST_DESCRIBE_STRUCT(TrackedAction, (),
                      (action_name, last_accessed_entity, last_accessed_time, last_accessed_region))

struct ServiceLastAccessed {
  std::string service_name;
  std::string service_namespace;
  std::optional<Timestamp> last_authenticated;
  std::optional<std::string> last_authenticated_entity;
  std::optional<std::string> last_authenticated_region;
  std::optional<int> total_authenticated_entities;
  std::optional<std::vector<TrackedAction>> tracked_actions_last_accessed;
};
BOOST_DESCRIBE_STRUCT(ServiceLastAccessed, (),
                      (service_name, service_namespace, last_authenticated, last_authenticated_entity,
                       last_authenticated_region, total_authenticated_entities,
                       tracked_actions_last_accessed))

struct GetResponse {
  std::string job_status = "COMPLETED";
  std::string job_type;
  Timestamp job_creation_date;
  Timestamp job_completion_date;
  std::vector<ServiceLastAccessed> services_last_accessed;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(GetResponse, (),
                      (job_status, job_type, job_creation_date, job_completion_date, services_last_accessed,
                       is_truncated, marker))

// May some policy allow an action of the service? Resources and conditions are left out, as AWS does.
bool is_granted(const std::deque<postern::iam::Policy>& policies, const std::string& service) {
  return std::ranges::any_of(policies, [&](const postern::iam::Policy& policy) {
    return std::ranges::any_of(policy.statements, [&](const postern::iam::Statement& statement) {
      if (statement.effect != postern::iam::Effect::kAllow) return false;
      if (statement.action.sense == postern::iam::Sense::kAllBut) return true;
      return std::ranges::any_of(statement.action.values, [&](const postern::iam::Located& action) {
        return action.text.starts_with('*') ||
               is_same_name(action.text.substr(0, action.text.find(':')), service);
      });
    });
  });
}

void note_use(ServiceLastAccessed& out, const store::LastAccessed& use, const std::string& arn) {
  if (!out.last_authenticated || *out.last_authenticated < use.accessed) {
    out.last_authenticated = use.accessed;
    out.last_authenticated_entity = arn;
    out.last_authenticated_region = use.region;
  }
  if (!out.tracked_actions_last_accessed) return;
  auto& actions = *out.tracked_actions_last_accessed;
  const auto found = std::ranges::find(actions, use.action, &TrackedAction::action_name);
  if (found == actions.end()) {
    actions.push_back({use.action, arn, use.accessed, use.region});
  } else if (found->last_accessed_time < use.accessed) {
    *found = {use.action, arn, use.accessed, use.region};
  }
}

std::vector<ServiceLastAccessed> report(store::Repositories& repos, const Subject& subject,
                                        bool with_actions) {
  std::deque<postern::iam::Policy> policies;
  for (const auto& granted : subject.policies) {
    auto parsed = postern::iam::parse(granted.document, postern::iam::PolicyKind::kIdentity);
    if (parsed) policies.push_back(std::move(*parsed));
  }
  std::map<std::string, std::vector<store::LastAccessed>> uses;
  for (const auto& [id, arn] : subject.principals) uses[id] = repos.last_accessed.list(id);
  std::vector<ServiceLastAccessed> all;
  for (const auto& [space, name] : services()) {
    if (!is_granted(policies, space)) continue;
    auto& out = all.emplace_back(ServiceLastAccessed{.service_name = name, .service_namespace = space});
    if (with_actions) out.tracked_actions_last_accessed.emplace();
    int entities = 0;
    for (const auto& [id, arn] : subject.principals) {
      bool used = false;
      for (const auto& use : uses[id]) {
        if (use.service != space) continue;
        used = true;
        note_use(out, use, arn);
      }
      entities += used ? 1 : 0;
    }
    out.total_authenticated_entities = entities;
  }
  return all;
}

awaitable<Result<GetResponse>> get(Call& call, GetRequest in) {
  auto found = co_await read_identities(call, [id = in.job_id](store::Repositories& repos) {
    const auto job = repos.last_accessed.find_job(id);
    if (!job) refuse(kNoSuchEntity, "The job " + id + " cannot be found.");
    GetResponse out{
        .job_type = job->granularity, .job_creation_date = job->created, .job_completion_date = job->created};
    out.services_last_accessed =
        report(repos, subject_at(repos, job->entity_arn), job->granularity == kGranularities[1]);
    return out;
  });
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto all = std::exchange(found->services_last_accessed, {});
  co_return paged(call, "GetServiceLastAccessedDetails " + in.job_id, in, std::move(all), std::move(*found),
                  &GetResponse::services_last_accessed,
                  [](const ServiceLastAccessed& service) { return service.service_namespace; });
}

}  // namespace

void register_last_accessed(Registry& registry) {
  add<GenerateRequest, GenerateResponse>(
      registry, "GenerateServiceLastAccessedDetails",
      {.access = [](Call&, GenerateRequest& in) -> awaitable<Result<auth::Access>> {
         auth::Access access{.action = "iam:GenerateServiceLastAccessedDetails"};
         access.about(in.arn);
         co_return access;
       },
       .run = generate});
  add<GetRequest, GetResponse>(registry, "GetServiceLastAccessedDetails",
                               {.access = on_everything("iam:GetServiceLastAccessedDetails"), .run = get});
}

}  // namespace postern::api::iam

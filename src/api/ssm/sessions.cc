#include <algorithm>

#include "api/changes.h"
#include "api/paging.h"
#include "api/ssm/document_shapes.h"
#include "api/ssm/operations.h"
#include "api/ssm/session_access.h"
#include "api/ssm/session_keys.h"
#include "api/ssm/session_preparation.h"
#include "api/ssm/target.h"
#include "auth/credential_state.h"

/// StartSession, ResumeSession, TerminateSession, DescribeSessions (control-plane.md 6.2).
namespace postern::api::ssm {
namespace {

using store::SessionStatus;

// In bytes; AWS counts characters, which are never more.
constexpr std::size_t kMaxParameterBytes = 65'535;
constexpr std::string_view kStates[] = {"Active", "History"};
constexpr std::string_view kPurpose = "DescribeSessions";

std::string stream_url(const Call& call, const std::string& session_id) {
  std::string host = call.services.public_host;
  if (host.empty()) host = call.request.headers.find("Host").value_or("localhost");
  return "wss://" + host + "/v1/data-channel/" + session_id + "?role=publish_subscribe";
}

struct StartSessionRequest {
  std::string target;
  std::optional<std::string> document_name;
  std::optional<std::string> reason;
  std::map<std::string, std::vector<std::string>> parameters;
  /// Not members of the API's request: what the permission was asked with, and what is to be started, or why
  /// it can't be.
  RecordedAccess asked;
  std::optional<Result<gateway::NewSession>> prepared;

  void validate(aws::Validation& validation) const {
    validation.length("target", target, 1, 400);
    if (document_name) validation.pattern("documentName", *document_name, kDocumentNameOrArn);
    if (reason) validation.length("reason", *reason, 1, 256);
    for (const auto& [name, values] : parameters) {
      validation.length("parameters", name, 1, 255);
      // The value itself is not shown: it may be secret.
      const bool good = std::ranges::all_of(values, [](const std::string& value) {
        return !value.empty() && value.size() <= kMaxParameterBytes;
      });
      if (!good) validation.fail("parameters", name, "Map values must have a length of 1 to 65535");
    }
  }
};
BOOST_DESCRIBE_STRUCT(StartSessionRequest, (), (target, document_name, reason, parameters))

struct SessionTokenResponse {
  std::string session_id;
  Secret token_value;
  std::string stream_url;
};
BOOST_DESCRIBE_STRUCT(SessionTokenResponse, (), (session_id, token_value, stream_url))

// What the caller asks for, and how it is asked for permission: with what its document does.
awaitable<Result<void>> prepare(Call& call, StartSessionRequest& in, std::string platform) {
  const auto& names = call.services.installation;
  // A document is checked only when it is named (control-plane.md 7.3).
  if (in.document_name) {
    auto document = document_name(names, *in.document_name);
    if (!document) co_return std::unexpected(std::move(document.error()));
    in.document_name = std::move(*document);
  }
  gateway::NewSession session{.node_id = in.target,
                              .owner_arn = call.principal.arn,
                              .owner_id = call.principal.user_id,
                              .reason = in.reason.value_or("")};
  session.run_as_user = co_await run_as_user(call.services, call.principal);
  const auto run_as = session.run_as_user;
  auto prepared = co_await prepare_session(call, std::move(session),
                                           in.document_name.value_or(std::string(aws::kPreferencesDocument)),
                                           in.parameters, std::move(platform));
  in.asked = {.principal = call.principal,
              .request_keys = request_keys(call),
              .node_id = in.target,
              .document_name = in.document_name.value_or("")};
  // What is wrong with the parameters is told only to those who may start a session with the document.
  if (prepared) in.asked.session_keys = session_keys(prepared->document, run_as);
  in.prepared = std::move(prepared);
  co_return Result<void>();
}

awaitable<Result<void>> may_start_session(Call& call, StartSessionRequest& in) {
  call.action = "ssm:StartSession";
  auto node = co_await resolve_target(call, in.target);
  if (!node) {
    // Which nodes there are is told only to those who may start a session somewhere.
    auto ok = co_await authorize(call, {.action = "ssm:StartSession"});
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    co_return std::unexpected(std::move(node.error()));
  }
  in.target = node->node_id;
  auto ready = co_await prepare(call, in, node->platform_type);
  if (!ready) co_return std::unexpected(std::move(ready.error()));
  auto decision = co_await may_start(call.services, in.asked);
  call.resource = call.services.installation.node_arn(in.target);
  call.decision = std::move(decision.reason);
  if (!decision.allowed) co_return std::unexpected(std::move(decision.denial));
  co_return Result<void>();
}

// Why a session that has just started may not go on. A change meanwhile has not met it among the live ones,
// and its credentials may end by themselves.
awaitable<std::optional<auth::Decision>> no_longer_allowed(Call& call, const RecordedAccess& asked) {
  const auto& services = call.services;
  const bool changed = services.authorizer.generation() != call.generation;
  if (!changed && !asked.principal.token_issued) co_return std::nullopt;
  const auto state = co_await services.store.read(
      [principal = asked.principal, now = services.clock.now()](store::Repositories& repos) {
        return auth::credential_state(repos, principal, now);
      });
  if (!state.ended_because.empty()) {
    co_return auth::Decision{.reason = state.ended_because,
                             .message = state.ended_because,
                             .denial = aws::kAccessDenied(state.ended_because)};
  }
  if (state.expires) announce_session_expires(services, *state.expires);
  if (!changed) co_return std::nullopt;
  auto decision = co_await may_start(services, asked);
  if (decision.allowed) co_return std::nullopt;
  co_return decision;
}

awaitable<Result<SessionTokenResponse>> start_session(Call& call, StartSessionRequest in) {
  auto session = std::move(*in.prepared);
  if (!session) co_return std::unexpected(std::move(session.error()));
  if (!call.services.gateway.connected(in.target)) {
    co_return std::unexpected(
        aws::kTargetNotConnected(in.target + " is not connected: its agent has no open control channel."));
  }
  session->session_id = call.services.gateway.new_session_id(call.principal.name);
  session->authorization = call.services.authorizer.seal_record(to_text(in.asked), session->session_id);
  auto token = co_await call.services.gateway.start(*session);
  if (!token) co_return std::unexpected(aws::kThrottling(std::move(token.error())));
  if (auto refused = co_await no_longer_allowed(call, in.asked)) {
    call.decision = std::move(refused->reason);
    co_await call.services.gateway.terminate(session->session_id, std::move(refused->message));
    co_return std::unexpected(std::move(refused->denial));
  }
  co_return SessionTokenResponse{session->session_id, Secret(std::move(*token)),
                                 stream_url(call, session->session_id)};
}

struct SessionIdRequest {
  std::string session_id;
  void validate(aws::Validation& validation) const { validation.length("sessionId", session_id, 1, 96); }
};
BOOST_DESCRIBE_STRUCT(SessionIdRequest, (), (session_id))

struct SessionIdResponse {
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(SessionIdResponse, (), (session_id))

auto on_session(std::string action) {
  return [action = std::move(action)](Call& call, SessionIdRequest& in) -> awaitable<Result<auth::Access>> {
    auth::Access access{.action = action};
    access.about(co_await session_resource(call.services, in.session_id));
    co_return access;
  };
}

awaitable<bool> exists(Call& call, std::string session_id) {
  co_return co_await call.services.store.read(
      [session_id](store::Repositories& repos) { return repos.sessions.find(session_id).has_value(); });
}

aws::ApiError no_such_session(const std::string& id) {
  return aws::kDoesNotExist("There is no session " + id + '.');
}

awaitable<Result<SessionTokenResponse>> resume_session(Call& call, SessionIdRequest in) {
  auto token = co_await call.services.gateway.resume(in.session_id);
  if (!token && !co_await exists(call, in.session_id))
    co_return std::unexpected(no_such_session(in.session_id));
  // An empty token tells a client that the session is over (data-channel.md 2.7).
  co_return SessionTokenResponse{in.session_id, Secret(token.value_or("")), stream_url(call, in.session_id)};
}

awaitable<Result<SessionIdResponse>> terminate_session(Call& call, SessionIdRequest in) {
  const bool ended =
      co_await call.services.gateway.terminate(in.session_id, "Terminated by " + call.principal.arn + '.');
  if (!ended && !co_await exists(call, in.session_id))
    co_return std::unexpected(no_such_session(in.session_id));
  co_return SessionIdResponse{in.session_id};
}

struct SessionFilter {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(SessionFilter, (), (key, value))

struct DescribeSessionsRequest {
  std::string state;
  std::vector<SessionFilter> filters;
  std::optional<int> max_results;
  std::optional<std::string> next_token;
  /// Not a member of the API's request: the caller sees each session that a policy names, not all.
  bool each_by_itself = false;

  void validate(aws::Validation& validation) const {
    validation.one_of("state", state, kStates);
    if (max_results) validation.range("maxResults", *max_results, 1, 200);
    for (const auto& filter : filters) validation.length("filters.value", filter.value, 1, 400);
  }
};
BOOST_DESCRIBE_STRUCT(DescribeSessionsRequest, (), (state, filters, max_results, next_token))

struct SessionShape {
  std::string session_id;
  std::string target;
  std::string status;
  Timestamp start_date;
  std::optional<Timestamp> end_date;
  std::string document_name;
  std::string owner;
  std::optional<std::string> reason;
  std::optional<std::string> details;
  /// Minutes.
  std::optional<std::string> max_session_duration;
  std::string access_type = "Standard";
};
BOOST_DESCRIBE_STRUCT(SessionShape, (),
                      (session_id, target, status, start_date, end_date, document_name, owner, reason,
                       details, max_session_duration, access_type))

struct DescribeSessionsResponse {
  std::vector<SessionShape> sessions;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSessionsResponse, (), (sessions, next_token))

constexpr std::pair<std::string_view, SessionStatus> kStatusNames[] = {
    {"Connected", SessionStatus::kConnected},       {"Connecting", SessionStatus::kConnecting},
    {"Disconnected", SessionStatus::kDisconnected}, {"Terminated", SessionStatus::kTerminated},
    {"Terminating", SessionStatus::kTerminating},   {"Failed", SessionStatus::kFailed},
};

std::string status_name(SessionStatus status) {
  return std::string(
      std::ranges::find(kStatusNames, status, &std::pair<std::string_view, SessionStatus>::second)->first);
}

// The model's pattern has gaps, 1050 for one, and strict clients refuse a whole answer for such a value
// (control-plane.md trap 47).
std::optional<std::string> shown_duration(std::chrono::seconds limit) {
  static const aws::Pattern shown_pattern("([1-9]|[1-9][0-9]|[1-9][0-9][0-9]|1[0-4][0-3][0-9]|1440)");
  auto minutes = std::to_string(std::chrono::duration_cast<std::chrono::minutes>(limit).count());
  return shown_pattern.matches(minutes) ? std::optional(std::move(minutes)) : std::nullopt;
}

SessionShape to_shape(const store::Session& record) {
  // The model allows 1 to 1024 characters.
  const auto text = [](const std::string& all) { return unless_empty(all.substr(0, 1024)); };
  return {.session_id = record.session_id,
          .target = record.target,
          .status = status_name(record.status),
          .start_date = record.started,
          .end_date = record.ended,
          .document_name = record.document_name,
          .owner = record.owner_arn,
          .reason = text(record.reason),
          .details = text(record.details),
          .max_session_duration = shown_duration(record.max_duration)};
}

// Adds one filter to the query; its error names what was wrong.
Result<void> apply(const SessionFilter& filter, store::SessionQuery& query) {
  const auto time = [&]() -> Result<Timestamp> {
    const auto parsed = from_iso8601(filter.value);
    if (!parsed) {
      return std::unexpected(aws::kValidation("The value of filter " + filter.key +
                                              " must be an ISO-8601 time such as 2026-01-31T12:00:00Z."));
    }
    return *parsed;
  };
  if (filter.key == "Target") {
    query.target = filter.value;
  } else if (filter.key == "Owner") {
    query.owner_arn = filter.value;
  } else if (filter.key == "SessionId") {
    query.session_id = filter.value;
  } else if (filter.key == "Status") {
    const auto* found =
        std::ranges::find(kStatusNames, filter.value, &std::pair<std::string_view, SessionStatus>::first);
    if (found == std::end(kStatusNames)) {
      return std::unexpected(aws::kValidation("The Status " + filter.value + " does not exist."));
    }
    query.status = found->second;
  } else if (filter.key == "InvokedAfter") {
    auto parsed = time();
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    query.started_after = *parsed;
  } else if (filter.key == "InvokedBefore") {
    auto parsed = time();
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    query.started_before = *parsed;
  } else if (filter.key != "AccessType" || filter.value != "Standard") {
    return std::unexpected(aws::kInvalidFilterKey(
        "The filter " + filter.key +
        " is not valid. Use InvokedAfter, InvokedBefore, Target, Owner, Status or SessionId."));
  }
  return {};
}

// A page token names the last session shown: its start in microseconds and its id.
Result<std::pair<Timestamp, std::string>> read_token(const Call& call, const std::string& token) {
  const auto text = aws::decode_page_token(token, kPurpose, call.services.page_token_key);
  if (!text) return std::unexpected(text.error());
  // Our own text, as the token's MAC has shown.
  const auto space = text->find(' ');
  return std::pair(from_unix_micros(std::stoll(text->substr(0, space))), text->substr(space + 1));
}

// AWS asks about `*`, and so do we. Who may not see all may see some: those that a policy names as its
// Resource, `session/${aws:username}-*` for one.
awaitable<Result<void>> may_describe_sessions(Call& call, DescribeSessionsRequest& in) {
  auto all = co_await authorize(call, {.action = "ssm:DescribeSessions"});
  if (all) co_return Result<void>();
  auto own = session_resource(call.services.installation,
                              {.session_id = call.services.gateway.new_session_id(call.principal.name),
                               .owner_id = call.principal.user_id});
  auto decision =
      co_await would_allow(call, {.action = "ssm:DescribeSessions", .resources = {std::move(own)}});
  if (!decision.allowed) co_return std::unexpected(std::move(all.error()));
  in.each_by_itself = true;
  call.decision = std::move(decision.reason);
  co_return Result<void>();
}

awaitable<bool> may_see(Call& call, const store::Session& record) {
  auth::Access access{.action = "ssm:DescribeSessions"};
  access.about(session_resource(call.services.installation, record));
  const auto decision = co_await would_allow(call, std::move(access));
  co_return decision.allowed;
}

awaitable<Result<DescribeSessionsResponse>> describe_sessions(Call& call, DescribeSessionsRequest in) {
  const auto limit = static_cast<std::size_t>(in.max_results.value_or(200));
  store::SessionQuery query{.state = in.state == "Active" ? store::SessionQuery::State::kActive
                                                          : store::SessionQuery::State::kHistory,
                            .limit = limit + 1};
  if (query.state == store::SessionQuery::State::kHistory) {
    query.ended_after = call.services.clock.now() - std::chrono::days(30);
  }
  for (const auto& filter : in.filters) {
    if (auto ok = apply(filter, query); !ok) co_return std::unexpected(std::move(ok.error()));
  }
  if (in.next_token && !in.next_token->empty()) {
    auto after = read_token(call, *in.next_token);
    if (!after) co_return std::unexpected(std::move(after.error()));
    query.after = std::move(*after);
  }
  auto records = co_await call.services.store.read(
      [query](store::Repositories& repos) { return repos.sessions.list(query); });
  DescribeSessionsResponse out;
  // One more than asked for was read: it says whether there is another page.
  if (records.size() > limit) {
    records.resize(limit);
    const auto& last = records.back();
    out.next_token =
        aws::encode_page_token(std::to_string(to_unix_micros(last.started)) + ' ' + last.session_id, kPurpose,
                               call.services.page_token_key);
  }
  for (const auto& record : records) {
    const bool shown = !in.each_by_itself || co_await may_see(call, record);
    if (shown) out.sessions.push_back(to_shape(record));
  }
  co_return out;
}

}  // namespace

void register_sessions(Registry& registry) {
  registry.add("ssm", "StartSession",
               json_operation<StartSessionRequest, SessionTokenResponse>(
                   {.access = nullptr, .run = start_session, .permit = may_start_session}));
  registry.add("ssm", "ResumeSession",
               json_operation<SessionIdRequest, SessionTokenResponse>(
                   {.access = on_session("ssm:ResumeSession"), .run = resume_session}));
  registry.add("ssm", "TerminateSession",
               json_operation<SessionIdRequest, SessionIdResponse>(
                   {.access = on_session("ssm:TerminateSession"), .run = terminate_session}));
  registry.add("ssm", "DescribeSessions",
               json_operation<DescribeSessionsRequest, DescribeSessionsResponse>(
                   {.access = nullptr, .run = describe_sessions, .permit = may_describe_sessions}));
}

}  // namespace postern::api::ssm

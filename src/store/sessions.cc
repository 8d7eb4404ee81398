#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "store/error.h"
#include "store/repositories.h"
#include "store/statement.h"

namespace postern::store {
namespace {

constexpr std::array<std::pair<SessionStatus, std::string_view>, 6> kStatusNames = {{
    {SessionStatus::kConnecting, "Connecting"},
    {SessionStatus::kConnected, "Connected"},
    {SessionStatus::kDisconnected, "Disconnected"},
    {SessionStatus::kTerminating, "Terminating"},
    {SessionStatus::kTerminated, "Terminated"},
    {SessionStatus::kFailed, "Failed"},
}};

std::string_view name_of(SessionStatus status) {
  for (const auto& [known, name] : kStatusNames) {
    if (known == status) return name;
  }
  POSTERN_CHECK(false);
  return {};
}

SessionStatus status_from(const std::string& text) {
  for (const auto& [status, name] : kStatusNames) {
    if (name == text) return status;
  }
  throw StoreError("a session has the unknown status " + text);
}

bool is_active(SessionStatus status) {
  return status != SessionStatus::kTerminated && status != SessionStatus::kFailed;
}

constexpr std::string_view kSelect =
    "SELECT session_id, target, document_name, document_version, session_type, idle_timeout_seconds,"
    " max_duration_seconds, owner_arn, owner_id, reason, status, details, started, connected, ended,"
    " client_token_hash, client_token_expires, authorization_record FROM sessions";

Session session_from(Row& row) {
  Session session{.session_id = row.text(),
                  .target = row.text(),
                  .document_name = row.text(),
                  .document_version = row.text(),
                  .session_type = row.text(),
                  .idle_timeout = std::chrono::seconds(row.integer()),
                  .max_duration = std::chrono::seconds(row.integer()),
                  .owner_arn = row.text(),
                  .owner_id = row.text(),
                  .reason = row.text(),
                  .status = status_from(row.text()),
                  .details = row.text(),
                  .started = row.time(),
                  .connected = row.optional_time(),
                  .ended = row.optional_time(),
                  .client_token_hash = row.text(),
                  .client_token_expires = row.optional_time()};
  session.authorization = row.text();
  return session;
}

// The WHERE clause of a query, and what goes into its places.
struct Conditions {
  std::string text;
  std::vector<Value> parameters;

  void add(std::string_view condition, Value parameter) {
    text += fmt::format(" {} {}", text.empty() ? "WHERE" : "AND", condition);
    parameters.push_back(std::move(parameter));
  }
};

Conditions conditions_of(const SessionQuery& query) {
  Conditions where;
  where.add("active = :active", query.state == SessionQuery::State::kActive);
  if (!query.session_id.empty()) where.add("session_id = :session_id", query.session_id);
  if (!query.target.empty()) where.add("target = :target", query.target);
  if (!query.owner_arn.empty()) where.add("owner_arn = :owner_arn", query.owner_arn);
  if (query.status) where.add("status = :status", name_of(*query.status));
  if (query.started_after) where.add("started > :started_after", *query.started_after);
  if (query.started_before) where.add("started < :started_before", *query.started_before);
  if (query.ended_after) where.add("ended > :ended_after", *query.ended_after);
  if (query.after) {
    where.add("(started, session_id) < (:after_start, :after_id)", query.after->first);
    where.parameters.emplace_back(query.after->second);
  }
  return where;
}

}  // namespace

void SessionRepository::add(const Session& session) {
  execute(
      sql_,
      "INSERT INTO sessions (session_id, target, document_name, owner_arn, owner_id, reason, status, active,"
      " details, started, connected, ended, client_token_hash, client_token_expires, document_version,"
      " session_type, idle_timeout_seconds, max_duration_seconds, authorization_record)"
      " VALUES (:session_id, :target, :document_name, :owner_arn, :owner_id, :reason, :status, :active,"
      " :details, :started, :connected, :ended, :client_token_hash, :client_token_expires,"
      " :document_version, :session_type, :idle_timeout_seconds, :max_duration_seconds, "
      ":authorization_record)",
      {session.session_id, session.target, session.document_name, session.owner_arn, session.owner_id,
       session.reason, name_of(session.status), is_active(session.status), session.details, session.started,
       session.connected, session.ended, session.client_token_hash, session.client_token_expires,
       session.document_version, session.session_type, std::int64_t{session.idle_timeout.count()},
       std::int64_t{session.max_duration.count()}, session.authorization});
}

std::optional<Session> SessionRepository::find(std::string_view session_id) {
  auto rows = select(sql_, fmt::format("{} WHERE session_id = :session_id", kSelect), {session_id});
  if (rows.empty()) return std::nullopt;
  return session_from(rows.front());
}

std::vector<Session> SessionRepository::list(const SessionQuery& query) {
  auto where = conditions_of(query);
  // SQLite takes a negative number for no limit, PostgreSQL refuses it.
  constexpr std::size_t kAll = std::numeric_limits<std::int64_t>::max();
  where.parameters.emplace_back(static_cast<std::int64_t>(std::min(query.limit, kAll)));
  auto rows = select(
      sql_, fmt::format("{}{} ORDER BY started DESC, session_id DESC LIMIT :maximum", kSelect, where.text),
      std::move(where.parameters));
  std::vector<Session> sessions;
  sessions.reserve(rows.size());
  for (auto& row : rows) sessions.push_back(session_from(row));
  return sessions;
}

bool SessionRepository::update(const Session& session) {
  return execute(
             sql_,
             "UPDATE sessions SET status = :status, active = :active, details = :details, started = :started,"
             " connected = :connected, ended = :ended, client_token_hash = :client_token_hash,"
             " client_token_expires = :client_token_expires WHERE session_id = :session_id",
             {name_of(session.status), is_active(session.status), session.details, session.started,
              session.connected, session.ended, session.client_token_hash, session.client_token_expires,
              session.session_id}) == 1;
}

std::size_t SessionRepository::count_active() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM sessions WHERE active = 1"));
}

}  // namespace postern::store

#include "client/commands.h"

#include <fmt/format.h>

#include <stdexcept>

#include "client/plain_text.h"
#include "client/run_io.h"
#include "client/run_session.h"
#include "client/session_text.h"

namespace postern::client {
namespace {

// A service that hands out tokens for ever must not keep us for ever.
constexpr int kMaxPages = 1000;

Settings settings_for(const ConfigFlags& flags) {
  auto settings = load_settings(flags);
  if (!settings) throw std::runtime_error(settings.error());
  if (settings->endpoint_url.empty()) {
    throw std::runtime_error(
        "no endpoint: give --endpoint-url, set AWS_ENDPOINT_URL_SSM, or put endpoint_url into the profile " +
        settings->profile);
  }
  if (settings->region.empty()) {
    throw std::runtime_error("no region: give --region, set AWS_REGION, or put region into the profile " +
                             settings->profile);
  }
  return std::move(*settings);
}

// A connection of its own for each command; everything a call refers to lives in this frame.
template <class Answer, class Question>
awaitable<std::expected<Answer, aws::ApiError>> ask_once(const Settings& settings, std::string operation,
                                                         Question question) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  auto answer = co_await api.ask<Answer>(std::move(operation), std::move(question));
  co_return answer;
}

template <class T>
T or_throw(std::expected<T, aws::ApiError> answer) {
  if (!answer) throw std::runtime_error(explain(answer.error()));
  return std::move(*answer);
}

// The elements of list `member` over all pages.
template <class Question>
awaitable<std::expected<boost::json::array, aws::ApiError>> ask_all(const Settings& settings,
                                                                    std::string operation, Question question,
                                                                    std::string member) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  boost::json::array all;
  for (int page = 0; page < kMaxPages; ++page) {
    auto answer = co_await api.ask<boost::json::value>(operation, question);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!answer->is_object()) break;
    auto& members = answer->get_object();
    if (auto* list = members.if_contains(member); list != nullptr && list->is_array()) {
      for (auto& element : list->get_array()) all.push_back(std::move(element));
    }
    const auto* token = members.if_contains("NextToken");
    if (token == nullptr || !token->is_string() || token->get_string().empty()) break;
    question.next_token = std::string(token->get_string());
  }
  co_return all;
}

std::string shown(const std::optional<Timestamp>& time) {
  return time ? to_iso8601(*time) : "";
}

template <class Summary>
std::vector<Summary> decode_all(const boost::json::array& elements) {
  std::vector<Summary> all;
  for (const auto& element : elements) {
    // One that lacks its id is no use to the person either.
    if (auto decoded = decode_json<Summary>(element)) all.push_back(std::move(*decoded));
  }
  return all;
}

void print_json(std::string_view member, boost::json::array elements) {
  boost::json::object document;
  document[member] = std::move(elements);
  print_now(boost::json::serialize(document) + '\n');
}

struct Started {
  SessionEnd end;
  std::string session_id;
};

// StartSession and the data channel in one task, because they share a connection.
awaitable<Started> session_task(const Settings& settings, StartSessionRequest request) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  auto grant = or_throw(co_await api.ask<SessionGrant>("StartSession", std::move(request)));
  if (!grant.session_id || !grant.token_value || !grant.stream_url) {
    throw std::runtime_error("the service's answer to StartSession is incomplete");
  }
  SessionTicket ticket{*grant.session_id, std::move(*grant.token_value), *grant.stream_url};
  print_now(starting_text(ticket.session_id));
  Started started{{}, ticket.session_id};
  ShellSession session(co_await boost::asio::this_coro::executor, std::move(ticket), settings, api, tls,
                       clock, {});
  started.end = co_await session.run();
  co_return started;
}

}  // namespace

int start_session(const ConfigFlags& flags, StartSessionRequest request) {
  const auto settings = settings_for(flags);
  const auto started = run_io(session_task(settings, std::move(request)));
  if (started.end.kind == SessionEnd::Kind::kFailed) throw std::runtime_error(started.end.text);
  print_now(end_text(started.session_id, started.end));
  return started.end.kind == SessionEnd::Kind::kTimedOut ? 1 : 0;
}

int list_nodes(const ConfigFlags& flags, ListFormat format) {
  const auto settings = settings_for(flags);
  constexpr const char* kMember = "InstanceInformationList";
  auto found =
      or_throw(run_io(ask_all(settings, "DescribeInstanceInformation", DescribeNodesRequest{}, kMember)));
  if (format == ListFormat::kJson) {
    print_json(kMember, std::move(found));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& node : decode_all<NodeSummary>(found)) {
    auto platform = node.platform_name.value_or("");
    if (node.platform_version) platform += ' ' + *node.platform_version;
    rows.push_back({node.instance_id, node.name.value_or(node.computer_name.value_or("")),
                    node.ping_status.value_or(""), platform, node.ip_address.value_or(""),
                    node.agent_version.value_or(""), shown(node.last_ping_date_time)});
  }
  print_now(format_table({"NODE", "NAME", "STATUS", "PLATFORM", "ADDRESS", "AGENT", "LAST SEEN"}, rows));
  return 0;
}

int list_sessions(const ConfigFlags& flags, WhichSessions which, ListFormat format) {
  const auto settings = settings_for(flags);
  constexpr const char* kMember = "Sessions";
  DescribeSessionsRequest request;
  request.state = which == WhichSessions::kHistory ? "History" : "Active";
  auto found = or_throw(run_io(ask_all(settings, "DescribeSessions", std::move(request), kMember)));
  if (format == ListFormat::kJson) {
    print_json(kMember, std::move(found));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& session : decode_all<SessionSummary>(found)) {
    rows.push_back({session.session_id, session.target.value_or(""), session.owner.value_or(""),
                    session.status.value_or(""), shown(session.start_date), shown(session.end_date),
                    session.reason.value_or("")});
  }
  print_now(format_table({"SESSION", "TARGET", "OWNER", "STATUS", "STARTED", "ENDED", "REASON"}, rows));
  return 0;
}

int terminate_session(const ConfigFlags& flags, const std::string& session_id) {
  const auto settings = settings_for(flags);
  or_throw(run_io(ask_once<boost::json::value>(settings, "TerminateSession", SessionReference{session_id})));
  print_now(fmt::format("Terminated {}\n", harmless(session_id)));
  return 0;
}

}  // namespace postern::client

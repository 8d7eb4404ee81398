#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "client/commands/command_line.h"
#include "client/commands/service_calls.h"
#include "client/plain_text.h"
#include "client/run_io.h"
#include "client/session/run_session.h"

namespace postern::client {
namespace {

// A service that hands out tokens for ever must not keep us for ever.
constexpr int kMaxPages = 1000;

enum class ListFormat { kTable, kJson };
/// Active sessions, or those that are over.
enum class WhichSessions { kActive, kHistory };

// The elements of list `member` over all pages.
template <class Question>
net::awaitable<std::expected<boost::json::array, aws::ApiError>> ask_all(const Settings& settings,
                                                                         std::string operation,
                                                                         Question question,
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

struct Choices {
  bool json = false;
  bool history = false;
  std::string session_id;

  ListFormat format() const { return json ? ListFormat::kJson : ListFormat::kTable; }
  WhichSessions which() const { return history ? WhichSessions::kHistory : WhichSessions::kActive; }
};

}  // namespace

void add_list_commands(CommandLine& line) {
  // Kept by the callbacks, which outlive this function.
  const auto choices = std::make_shared<Choices>();
  auto* nodes = line.app.add_subcommand("nodes", "List the managed nodes");
  nodes->add_flag("--json", choices->json, "As the API gives it");
  nodes->callback([&line, choices] {
    line.run = [&line, choices] { return list_nodes(line.flags, choices->format()); };
  });

  auto* sessions = line.app.add_subcommand("sessions", "List sessions");
  sessions->add_flag("--history", choices->history, "Those that are over");
  sessions->add_flag("--json", choices->json, "As the API gives it");
  sessions->callback([&line, choices] {
    line.run = [&line, choices] { return list_sessions(line.flags, choices->which(), choices->format()); };
  });

  auto* terminate = line.app.add_subcommand("terminate-session", "End a session");
  terminate->add_option("ID", choices->session_id, "The session's id")->required();
  terminate->callback([&line, choices] {
    line.run = [&line, choices] { return terminate_session(line.flags, choices->session_id); };
  });
}

}  // namespace postern::client

#include "client/plugin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "client/session/expectation.h"
#include "client/session/run_session.h"
#include "client/session/session_text.h"

namespace postern::client {
namespace {

constexpr std::string_view kResponseVariable = "AWS_SSM_START_SESSION_RESPONSE";
// The official plugin crashes on such a call, and wrappers know that by its exit status
// (data-channel.md 1.5).
constexpr int kUnusableCall = 2;

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

PluginPlan print(std::string text, int exit_code = 0) {
  PluginPlan plan;
  plan.text = std::move(text);
  plan.exit_code = exit_code;
  return plan;
}

/// What the plugin reads of the StartSession request (data-channel.md 1.1).
struct GivenRequest {
  std::string target;
  std::optional<std::string> document_name;
};
BOOST_DESCRIBE_STRUCT(GivenRequest, (), (target, document_name))

void print_to(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

std::string missing_member(const SessionTicket& ticket) {
  if (ticket.session_id.empty()) return "SessionId";
  if (ticket.token.empty()) return "TokenValue";
  return ticket.stream_url.empty() ? "StreamUrl" : "";
}

}  // namespace

std::expected<SessionTicket, std::string> parse_ticket(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return std::unexpected(parsed.error().message());
  if (!parsed->is_object()) return std::unexpected("the StartSession response is no JSON object");
  SessionTicket ticket;
  for (const auto& [name, value] : parsed->get_object()) {
    if (!value.is_string()) continue;
    std::string text(value.get_string());
    if (same_ignoring_case(name, "SessionId"))
      ticket.session_id = std::move(text);
    else if (same_ignoring_case(name, "StreamUrl"))
      ticket.stream_url = std::move(text);
    else if (same_ignoring_case(name, "TokenValue"))
      ticket.token = Secret(std::move(text));
  }
  return ticket;
}

PluginPlan plan_plugin(const std::vector<std::string>& arguments, const Environment& environment) {
  if (arguments.size() < 2) return print(std::string(kInstalledText));
  if (arguments.size() == 2 && arguments[1] == "--version") return print(std::string(kPluginVersion) + '\n');
  if (arguments.size() < 4) return print(unknown_operation_text(arguments[1]));
  if (arguments[3] != "StartSession") return print(std::string(kInvalidOperationText));

  PluginPlan plan;
  std::string response = arguments[1];
  if (response.starts_with(kResponseVariable)) {
    plan.variable = response;
    response = environment(plan.variable.c_str()).value_or("");
  }
  auto ticket = parse_ticket(response);
  if (!ticket) {
    plan.text = failed_text(ticket.error());
    return plan;
  }
  if (const auto missing = missing_member(*ticket); !missing.empty()) {
    return print(failed_text("the StartSession response has no " + missing), kUnusableCall);
  }
  const auto request =
      decode_json_text<GivenRequest>(arguments.size() > 5 ? arguments[5] : R"({"Target":""})");
  if (!request) return print(failed_text("the StartSession request has no Target"), kUnusableCall);
  plan.expect = expectation(request->document_name.value_or(""));
  plan.kind = PluginPlan::Kind::kStart;
  plan.ticket = std::move(*ticket);
  plan.flags.region = arguments[2];
  if (arguments.size() > 4) plan.flags.profile = arguments[4];
  if (arguments.size() > 6) plan.flags.endpoint_url = arguments[6];
  return plan;
}

int run_plugin(int argc, char** argv) {
  auto plan = plan_plugin({argv, argv + argc}, process_environment);
  if (!plan.variable.empty()) ::unsetenv(plan.variable.c_str());
  if (plan.kind == PluginPlan::Kind::kPrint) {
    fmt::print("{}", plan.text);
    return plan.exit_code;
  }
  Settings settings;
  settings.profile = plan.flags.profile.empty() ? "default" : plan.flags.profile;
  settings.region = plan.flags.region;
  settings.endpoint_url = plan.flags.endpoint_url;
  if (process_environment("SSM_PLUGIN_SKIP_CLIENT_CONFIGURE") != "true") {
    // Without credentials the session runs until its connection is lost; it can't be resumed then.
    if (auto loaded = load_settings(plan.flags)) settings = std::move(*loaded);
  }
  const auto id = plan.ticket.session_id;
  // Standard output is ssh's there.
  auto* const words = plan.expect == Expect::kStandardStreams ? stderr : stdout;
  print_to(words, starting_text(id));
  try {
    run_plugin_session(std::move(plan.ticket), settings, plan.expect,
                       [&](const SessionEnd& end) { print_to(words, end_text(id, end)); });
  } catch (const std::exception& failure) {
    print_to(words, end_text(id, {SessionEnd::Kind::kFailed, failure.what()}));
  }
  return 0;
}

}  // namespace postern::client

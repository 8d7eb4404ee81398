#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "aws/xml.h"
#include "client/commands/command_line.h"
#include "client/commands/service_calls.h"
#include "client/plain_text.h"
#include "client/run_io.h"
#include "client/session/run_session.h"

namespace postern::client {
namespace {

constexpr auto kIamVersion = "2010-05-08";
constexpr auto kStsVersion = "2011-06-15";

constexpr auto kExplainFooter = R"(
Asks the service what it would decide at this moment, and says of each statement of each policy that applies whether it
does, and if not, which of its elements does not fit and why. Tags of the principal, and of nodes, documents and
sessions of the account, are looked up; what else a condition looks at (aws:SourceIp, aws:MultiFactorAuthPresent) is
given with --context. Needs permission for iam:SimulatePrincipalPolicy on the principal.

EXAMPLES
  postern policy explain --principal ana --action ssm:StartSession \
      --resource arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-0123456789abcdef0
  postern policy explain --principal arn:aws:iam::123456789012:role/Oncall --action ssm:StartSession --resource mi-0123456789abcdef0 \
      --context aws:SourceIp=192.0.2.7 --context aws:MultiFactorAuthPresent=true
  postern policy explain --message "$ENCODED"         what a denial ended with; needs sts:DecodeAuthorizationMessage

EXIT STATUS
  0 when it is allowed, 3 when it is denied, 1 when something failed, 2 for a wrong command line.)";

constexpr auto kSimulateFooter = R"(
Decides with the policies in the files as if the principal had them: beside its own with --principal, alone without.
Several actions and resources give a line each.

EXAMPLES
  postern policy simulate new.json --action ssm:StartSession --action ssm:TerminateSession
  postern policy simulate new.json --principal ana --action ssm:StartSession --resource mi-0123456789abcdef0 --explain

EXIT STATUS
  0 when all is allowed, 3 when something is denied, 1 when something failed, 2 for a wrong command line.)";

constexpr int kDenied = 3;

struct Choices {
  std::string principal;
  std::vector<std::string> actions;
  std::vector<std::string> resources;
  std::vector<std::string> context;
  std::vector<std::string> files;
  std::string message;
  bool explain = false;
};

net::awaitable<std::expected<std::string, aws::ApiError>> ask_query(const Settings& settings,
                                                                    std::string service, std::string version,
                                                                    std::string action, aws::Form form) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  auto answer =
      co_await api.query(std::move(service), std::move(version), std::move(action), std::move(form));
  co_return answer;
}

std::string text_in(std::string_view xml, std::string_view name) {
  return aws::xml_element_text(xml, name).value_or("");
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", file));
  return {std::istreambuf_iterator<char>(in), {}};
}

// Who an ARN is completed with: a user's name, and a node's id.
class Names {
 public:
  explicit Names(const Settings& settings) : settings_(settings) {}

  std::string principal(const std::string& text) {
    return text.starts_with("arn:") ? text : fmt::format("arn:aws:iam::{}:user/{}", account(), text);
  }
  std::string resource(const std::string& text) {
    const bool node = text.starts_with("mi-") || text.starts_with("i-");
    return node ? fmt::format("arn:aws:ssm:{}:{}:managed-instance/{}", settings_.region, account(), text)
                : text;
  }

 private:
  const std::string& account() {
    if (account_.empty()) {
      const auto xml = or_throw(run_io(ask_query(settings_, "sts", kStsVersion, "GetCallerIdentity", {})));
      account_ = text_in(xml, "Account");
    }
    return account_;
  }

  const Settings& settings_;
  std::string account_;
};

// KEY=VALUE, repeated for further values of a key.
aws::Form context_of(const std::vector<std::string>& entries) {
  std::vector<std::pair<std::string, std::vector<std::string>>> keys;
  for (const auto& entry : entries) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0)
      throw std::invalid_argument(fmt::format("--context {}: expected KEY=VALUE", entry));
    const auto key = entry.substr(0, equals);
    auto found = std::ranges::find(keys, key, &std::pair<std::string, std::vector<std::string>>::first);
    if (found == keys.end()) found = keys.insert(keys.end(), {key, {}});
    found->second.push_back(entry.substr(equals + 1));
  }
  aws::Form form;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto at = fmt::format("ContextEntries.member.{}.", i + 1);
    form[at + "ContextKeyName"] = keys[i].first;
    form[at + "ContextKeyType"] = keys[i].second.size() > 1 ? "stringList" : "string";
    for (std::size_t v = 0; v < keys[i].second.size(); ++v)
      form[fmt::format("{}ContextKeyValues.member.{}", at, v + 1)] = keys[i].second[v];
  }
  return form;
}

struct Simulation {
  std::string decision;
  std::string explanation;
};

// One decision a call: its answer has each element once.
Simulation simulate_one(const Settings& settings, aws::Form form, const std::string& action,
                        const std::string& resource) {
  const std::string operation =
      form.contains("PolicySourceArn") ? "SimulatePrincipalPolicy" : "SimulateCustomPolicy";
  form["ActionNames.member.1"] = action;
  form["ResourceArns.member.1"] = resource;
  form["Explain"] = "true";
  const auto xml = or_throw(run_io(ask_query(settings, "iam", kIamVersion, operation, std::move(form))));
  return {text_in(xml, "EvalDecision"), text_in(xml, "Explanation")};
}

// The explanation's lines, each through harmless(): names in policies are other people's.
void print_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    print_now(harmless(text.substr(0, end)) + '\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

int explain_message(const ConfigFlags& flags, const std::string& message) {
  const auto settings = settings_for(flags);
  const auto xml = or_throw(run_io(
      ask_query(settings, "sts", kStsVersion, "DecodeAuthorizationMessage", {{"EncodedMessage", message}})));
  print_lines(text_in(xml, "DecodedMessage"));
  return 0;
}

int explain_policy(const ConfigFlags& flags, const Choices& choices) {
  if (!choices.message.empty()) return explain_message(flags, choices.message);
  if (choices.principal.empty() || choices.actions.empty())
    throw std::invalid_argument("give --principal and --action, or --message");
  const auto settings = settings_for(flags);
  Names names(settings);
  auto form = context_of(choices.context);
  form["PolicySourceArn"] = names.principal(choices.principal);
  const auto answer =
      simulate_one(settings, std::move(form), choices.actions.front(),
                   names.resource(choices.resources.empty() ? "*" : choices.resources.front()));
  print_lines(answer.explanation);
  return answer.decision == "allowed" ? 0 : kDenied;
}

int simulate_policies(const ConfigFlags& flags, const Choices& choices) {
  const auto settings = settings_for(flags);
  Names names(settings);
  auto form = context_of(choices.context);
  for (std::size_t i = 0; i < choices.files.size(); ++i)
    form[fmt::format("PolicyInputList.member.{}", i + 1)] = read_text(choices.files[i]);
  if (!choices.principal.empty()) form["PolicySourceArn"] = names.principal(choices.principal);
  const auto resources = choices.resources.empty() ? std::vector<std::string>{"*"} : choices.resources;
  bool all_allowed = true;
  std::vector<std::vector<std::string>> rows;
  for (const auto& action : choices.actions) {
    for (const auto& given : resources) {
      const auto resource = names.resource(given);
      const auto answer = simulate_one(settings, form, action, resource);
      all_allowed = all_allowed && answer.decision == "allowed";
      if (choices.explain) {
        print_lines(answer.explanation);
      } else {
        rows.push_back({answer.decision, action, resource});
      }
    }
  }
  if (!choices.explain) print_now(format_table({"DECISION", "ACTION", "RESOURCE"}, rows));
  return all_allowed ? 0 : kDenied;
}

void add_question_options(CLI::App& command, Choices& choices) {
  command.add_option("--resource", choices.resources, "ARN, or a node's id; default *")
      ->allow_extra_args(false);
  command
      .add_option("--context", choices.context,
                  "KEY=VALUE of a condition key, repeated for further keys and values")
      ->allow_extra_args(false);
}

}  // namespace

CLI::App& add_policy_commands(CommandLine& line) {
  auto* policy = line.app.add_subcommand("policy", "Explain, simulate and check policies");
  policy->require_subcommand(1);

  const auto asked = std::make_shared<Choices>();
  auto* explain = policy->add_subcommand("explain", "Say who may do what, and which statement decides");
  explain->footer(kExplainFooter);
  explain->add_option("--principal", asked->principal,
                      "Name of a user, or ARN of a user, group, role or role session");
  explain->add_option("--action", asked->actions, "ssm:StartSession and the like")->expected(1);
  add_question_options(*explain, *asked);
  explain->add_option("--message", asked->message, "Decode an encoded authorization failure message instead");
  explain->callback(
      [&line, asked] { line.run = [&line, asked] { return explain_policy(line.flags, *asked); }; });

  const auto given = std::make_shared<Choices>();
  auto* simulate = policy->add_subcommand("simulate", "Decide with policies that nobody has yet");
  simulate->footer(kSimulateFooter);
  simulate->add_option("FILE", given->files, "Policies")->required()->check(CLI::ExistingFile);
  simulate->add_option("--principal", given->principal, "Who has them as well as its own");
  simulate->add_option("--action", given->actions, "ssm:StartSession and the like, repeated for further ones")
      ->required()
      ->allow_extra_args(false);
  add_question_options(*simulate, *given);
  simulate->add_flag("--explain", given->explain, "Say of each statement what it has to do with it");
  simulate->callback(
      [&line, given] { line.run = [&line, given] { return simulate_policies(line.flags, *given); }; });
  return *policy;
}

}  // namespace postern::client

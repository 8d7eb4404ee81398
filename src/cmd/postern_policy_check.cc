#include "cmd/postern_policy_check.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/plain_text.h"
#include "iam/check.h"
#include "iam/parse.h"

namespace postern {
namespace {

constexpr auto kFooter = R"(
Reads policies without asking a service. An error is what IAM refuses, with its line and column; a warning is what it
accepts and what is surely not meant: an action that does not exist, a condition on a key that the action never has, a
wildcard principal, ForAllValues without a Null check.

EXAMPLES
  postern policy check policies/*.json
  postern policy check --kind trust role-trust.json
  generate-policy | postern policy check -
  postern policy check --strict --json policy.json

EXIT STATUS
  0 when there is no error, and with --strict no warning; 1 otherwise; 2 for a wrong command line.)";

struct KindName {
  std::string_view name;
  iam::PolicyKind kind;
  iam::PolicyLimits limits;
};

constexpr std::array kKinds = {
    KindName{"identity", iam::PolicyKind::kIdentity, iam::kManagedPolicyLimits},
    KindName{"trust", iam::PolicyKind::kTrust, iam::kTrustPolicyLimits},
    KindName{"resource", iam::PolicyKind::kResource, {}},
    KindName{"session", iam::PolicyKind::kSession, iam::kSessionPolicyLimits},
    KindName{"service-control", iam::PolicyKind::kServiceControl, iam::kServiceControlLimits},
};

struct Choices {
  std::vector<std::string> files;
  std::string kind = "identity";
  bool strict = false;
  bool json = false;
};

std::string read_text(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", file));
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What was found in one file.
struct Report {
  std::string file;
  std::optional<iam::Problem> error;
  std::vector<iam::Warning> warnings;
};

Report check_file(const std::string& file, const KindName& kind) {
  Report report{.file = file};
  const auto policy = iam::parse(read_text(file), kind.kind, kind.limits);
  if (policy) {
    report.warnings = iam::check(*policy);
  } else {
    report.error = policy.error();
  }
  return report;
}

void print(const Report& report) {
  const auto say = [&](std::string_view severity, const std::string& message) {
    fmt::print("{}: {}: {}\n", client::harmless(report.file), severity, client::harmless(message));
  };
  if (report.error) say("error", report.error->message());
  for (const auto& warning : report.warnings) say("warning", warning.message());
}

boost::json::object to_json(const Report& report) {
  const auto finding = [](std::string_view severity, const iam::Position& at, const std::string& path,
                          std::string_view code, const std::string& text) {
    return boost::json::object{{"Severity", severity}, {"Line", at.line}, {"Column", at.column},
                               {"Path", path},         {"Code", code},    {"Text", text}};
  };
  boost::json::array findings;
  if (report.error)
    findings.push_back(finding("error", report.error->at, report.error->path, "invalid",
                               fmt::format("{}; expected {}", report.error->what, report.error->expected)));
  for (const auto& warning : report.warnings)
    findings.push_back(
        finding("warning", warning.at, warning.path, iam::to_string(warning.code), warning.text));
  return {{"File", report.file}, {"Findings", std::move(findings)}};
}

int check_files(const Choices& choices) {
  const auto* kind = std::ranges::find(kKinds, choices.kind, &KindName::name);
  bool good = true;
  boost::json::array all;
  for (const auto& file : choices.files) {
    const auto report = check_file(file, *kind);
    good = good && !report.error && (!choices.strict || report.warnings.empty());
    if (choices.json) {
      all.push_back(to_json(report));
    } else {
      print(report);
    }
  }
  if (choices.json) fmt::print("{}\n", boost::json::serialize(all));
  return good ? 0 : 1;
}

}  // namespace

void add_policy_check(client::CommandLine& line, CLI::App& policy) {
  const auto choices = std::make_shared<Choices>();
  auto* check = policy.add_subcommand("check", "Find mistakes in policies, without a service");
  check->footer(kFooter);
  check->add_option("FILE", choices->files, "Policies; - is standard input")->required();
  std::vector<std::string> kinds;
  for (const auto& kind : kKinds) kinds.emplace_back(kind.name);
  check->add_option("--kind", choices->kind, "Where the policies are for")
      ->check(CLI::IsMember(kinds))
      ->capture_default_str();
  check->add_flag("--strict", choices->strict, "Warnings count as errors");
  check->add_flag("--json", choices->json, "One JSON array, for programs");
  check->callback([&line, choices] { line.run = [choices] { return check_files(*choices); }; });
}

}  // namespace postern

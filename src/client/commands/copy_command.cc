#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/commands/service_calls.h"
#include "client/commands/started_session.h"
#include "client/files/copy_session.h"
#include "client/files/copy_spec.h"
#include "client/files/progress_line.h"
#include "client/run_io.h"
#include "client/session/say.h"
#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

constexpr auto kFooter = R"(
One end is NODE:PATH, the other a path of this machine. A relative path on the node begins in the home directory of the
user that sessions run as. If the destination is a directory, or ends in a slash, things arrive in it under their own
names; else the one thing that is copied becomes the destination.

Permissions and times of modification are kept; symbolic links, devices, sockets and pipes are not copied, and are
named. A file appears under its name only when all of it is there and its SHA-256 is that of the source. Of a large file
whose copy was cut short, .NAME.postern-part stays, and the same command goes on from there. A lost connection is
resumed by itself.

EXAMPLES
  postern cp app.tar web-1:/tmp/
  postern cp web-1:/var/log/app.log .
  postern cp -r site/ web-1:/srv/www
  postern cp tag:Role=db:/var/backups/last.dump /backup/

The node's agent must be postern-agent. To copy with scp or rsync over ssh instead, see `postern ssh --help`.

EXIT STATUS
  0 when everything was copied; 1 when something was not, with the reason on standard error; 2 for a wrong command
  line.)";

struct Choices {
  std::vector<std::string> places;
  std::optional<std::string> reason;
  bool recursive = false;
  bool quiet = false;
};

// One session: all sources of an upload, or one of a download.
CopyOutcome copy_in_session(
    const Settings& settings, const Choices& choices, const CopyPlan& plan, const std::string& node_path,
    std::function<std::unique_ptr<CopyJob>(const boost::asio::any_io_executor&)> make_job) {
  CopyOutcome outcome;
  std::optional<int> exit_code;
  const bool upload = plan.direction == CopyPlan::Direction::kUpload;
  SessionPlan session;
  session.request = {.target = plan.node,
                     .document_name = "Postern-CopyFiles",
                     .reason = choices.reason,
                     .parameters = SessionParameters{{"direction", {upload ? "upload" : "download"}},
                                                     {"path", {node_path}}}};
  session.kinds = [&](const boost::asio::any_io_executor& executor) -> KindFactory {
    return [&, executor](const SessionFacts& facts,
                         SessionLink& link) -> std::expected<std::unique_ptr<SessionKind>, std::string> {
      if (!channel::contains(facts.agreed, wire::kExtensionCommandInput)) {
        return std::unexpected(
            fmt::format("files can't be copied through the node's agent ({}); postern-agent can. Use scp "
                        "over `postern ssh-proxy`.",
                        facts.agent_version));
      }
      return std::make_unique<CopySession>(executor, link, facts, make_job(executor), outcome, exit_code);
    };
  };
  const auto started = run_io(start_and_run(settings, std::move(session)));
  if (outcome.finished) return outcome;
  if (outcome.failure.empty()) outcome.failure = started.end.text;
  if (outcome.failure.empty()) outcome.failure = "the session ended before everything was copied";
  return outcome;
}

CopyOutcome upload(const Settings& settings, const Choices& choices, const CopyPlan& plan) {
  const auto recursion = choices.recursive ? copy::Recursion::kYes : copy::Recursion::kNo;
  copy::Source source({plan.sources.begin(), plan.sources.end()}, recursion);
  for (const auto& failure : source.progress().failures) say(failure);
  if (source.progress().total_files == 0 && source.progress().failure_count > 0)
    return {.progress = source.progress(), .elapsed = {}, .finished = true, .failure = {}};
  const auto said = source.progress().failures.size();
  auto outcome = copy_in_session(settings, choices, plan, plan.destination, [&](const auto& executor) {
    return std::make_unique<CopyJob>(executor, std::move(source));
  });
  for (std::size_t i = said; i < outcome.progress.failures.size(); ++i) say(outcome.progress.failures[i]);
  return outcome;
}

CopyOutcome download(const Settings& settings, const Choices& choices, const CopyPlan& plan,
                     const std::string& from) {
  const auto recursion = choices.recursive ? copy::Recursion::kYes : copy::Recursion::kNo;
  auto outcome = copy_in_session(settings, choices, plan, from, [&](const auto& executor) {
    return std::make_unique<CopyJob>(executor, copy::Destination(plan.destination, recursion));
  });
  for (const auto& failure : outcome.progress.failures) say(failure);
  return outcome;
}

// Tells how it went; whether everything was copied. `complaints` of the node have been shown.
bool conclude(const CopyOutcome& outcome, const Choices& choices) {
  if (!outcome.finished) throw std::runtime_error(outcome.failure);
  if (!choices.quiet) fmt::print(stderr, "{}\n", copy_summary(outcome.progress, outcome.elapsed));
  return outcome.progress.failure_count == 0 && outcome.failure.empty();
}

int copy_files(const ConfigFlags& flags, const Choices& choices) {
  const auto plan = plan_copy(choices.places);
  if (!plan) throw std::invalid_argument(plan.error());
  const auto settings = settings_for(flags);
  bool all = true;
  if (plan->direction == CopyPlan::Direction::kUpload) {
    all = conclude(upload(settings, choices, *plan), choices);
  } else {
    for (const auto& from : plan->sources) all &= conclude(download(settings, choices, *plan, from), choices);
  }
  return all ? 0 : 1;
}

}  // namespace

void add_copy_command(CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  auto* command = line.app.add_subcommand("cp", "Copy files to or from a node");
  command->footer(kFooter);
  command->add_option("PLACES", choices->places, "Sources, and the destination last")
      ->required()
      ->expected(2, -1);
  command->add_flag("-r,--recursive", choices->recursive, "Copy directories with all that is in them");
  command->add_flag("-q,--quiet", choices->quiet, "Say nothing but what went wrong");
  command->add_option("--reason", choices->reason, "Why, for the record");
  command->callback(
      [&line, choices] { line.run = [&line, choices] { return copy_files(line.flags, *choices); }; });
}

}  // namespace postern::client

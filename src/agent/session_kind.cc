#include "agent/session_kind.h"

#include <exception>

#include "agent/command/command_session.h"
#include "agent/command/split.h"
#include "agent/copy/copy_files.h"
#include "agent/port/port_session.h"
#include "agent/process/run_as.h"
#include "agent/session_document.h"
#include "agent/shell/shell_session.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

using Kind = std::expected<std::unique_ptr<SessionKind>, std::string>;

constexpr const char* kNoCommands = "The session document has no commands for Linux.";

Kind make_shell(asio::any_io_executor executor, const wire::SessionStart& start,
                const SessionInputs& inputs) {
  const bool interactive_commands = start.document_content.session_type == wire::kInteractiveCommands;
  const auto properties = read_command_properties(start.document_content);
  if (!properties) return std::unexpected(properties.error());
  if (interactive_commands && properties->commands.empty()) return std::unexpected(kNoCommands);
  const auto user = session_user(inputs, start.run_as_user, properties->run_as_elevated);
  if (!user) return std::unexpected(user.error());
  const auto typed = interactive_commands ? std::string() : inputs.shell_profile;
  try {
    return std::make_unique<ShellSession>(std::move(executor), *user, properties->commands, typed);
  } catch (const std::exception& failure) {
    return std::unexpected(std::string("The shell could not be started: ") + failure.what());
  }
}

// The words to execute. A copy is this program itself, so that the node needs no other.
std::expected<std::vector<std::string>, std::string> command_words(const CommandProperties& properties) {
  if (properties.copy_files) {
    const auto direction = parse_copy_direction(properties.copy_files->direction);
    if (!direction) return std::unexpected(direction.error());
    return std::vector<std::string>{"/proc/self/exe", kCopyCommand, "--", properties.copy_files->direction,
                                    properties.copy_files->path};
  }
  auto words = split_command(properties.commands);
  if (!words) return std::unexpected("The command can't be run: " + words.error() + '.');
  if (words->empty()) return std::unexpected(kNoCommands);
  return std::move(*words);
}

Kind make_command(asio::any_io_executor executor, const wire::SessionStart& start,
                  const SessionInputs& inputs) {
  auto properties = read_command_properties(start.document_content);
  if (!properties) return std::unexpected(properties.error());
  auto arguments = command_words(*properties);
  if (!arguments) return std::unexpected(arguments.error());
  auto user = session_user(inputs, start.run_as_user, properties->run_as_elevated);
  if (!user) return std::unexpected(user.error());
  return std::make_unique<CommandSession>(std::move(executor), std::move(*user), std::move(*properties),
                                          std::move(*arguments));
}

Kind make_port(asio::any_io_executor executor, const SessionJob& job, const wire::SessionStart& start,
               const SessionInputs& inputs) {
  auto properties = read_port_properties(start.document_content.properties);
  if (!properties) return std::unexpected(properties.error());
  auto denied = AddressRules::parse(job.denied_addresses);
  if (!denied)
    return std::unexpected("The agent's list of denied addresses can't be used: " + denied.error());
  return std::make_unique<PortSession>(
      std::move(executor), PortSession::Options{std::move(*properties), start.document_content.properties,
                                                std::move(*denied), inputs, start.run_as_user});
}

}  // namespace

net::awaitable<Completion> run_session_kind(SessionKind& kind, ChannelDriver& channel) {
  Agreement agreement;
  if (auto offer = kind.handshake()) {
    auto agreed = co_await shake_hands(channel, std::move(*offer));
    if (!agreed) co_return Completion{wire::kTaskFailed, agreed.error()};
    agreement = std::move(*agreed);
  }
  co_return co_await kind.run(channel, std::move(agreement));
}

Kind make_session_kind(asio::any_io_executor executor, const SessionJob& job,
                       const wire::SessionStart& start) {
  const auto& type = start.document_content.session_type;
  const auto inputs = read_inputs(start.document_content);
  if (!inputs) return std::unexpected(inputs.error());
  // Official agents ignore the key for ports, too.
  if (type == wire::kPort) return make_port(std::move(executor), job, start, *inputs);
  if (!inputs->kms_key_id.empty()) {
    return std::unexpected("The session preferences ask for encryption with the KMS key " +
                           inputs->kms_key_id +
                           ", which this agent does not support. Clear kmsKeyId in them, or use a document "
                           "without it.");
  }
  if (type == wire::kStandardStream || type == wire::kInteractiveCommands) {
    return make_shell(std::move(executor), start, *inputs);
  }
  if (type == wire::kNonInteractiveCommands) return make_command(std::move(executor), start, *inputs);
  return std::unexpected("This agent does not support sessions of type " + type + ".");
}

}  // namespace postern::agent

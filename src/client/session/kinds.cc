#include "client/session/kinds.h"

#include <unistd.h>
#include <boost/asio/steady_timer.hpp>

#include "client/port/port_session.h"
#include "client/session/command_session.h"
#include "client/session/say.h"
#include "wire/control_payloads.h"

namespace postern::client {
namespace {

// A command joined to the process's own streams, which it owns.
class StandardCommand final : public SessionKind {
 public:
  StandardCommand(const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                  const CommandChoices& choices, StandardDescriptors descriptors,
                  std::optional<int>& exit_code)
      : input_(executor, descriptors.input),
        output_(executor, descriptors.output),
        error_(executor, descriptors.error),
        command_(executor, link, facts,
                 {.input = choices.no_input ? nullptr : &input_, .output = &output_, .error = &error_},
                 {.front_end = choices.front_end,
                  .input_is_keyboard = ::isatty(descriptors.input) == 1,
                  .tell = say},
                 exit_code) {
    widen_pipe(descriptors.input);
    widen_pipe(descriptors.output);
  }

  awaitable<Parting> run() override { return command_.run(); }
  void on_started(Start start) override { command_.on_started(start); }
  bool wants_delivery() const override { return command_.wants_delivery(); }
  void on_delivery(channel::Delivery delivery) override { command_.on_delivery(std::move(delivery)); }
  void on_progress() override { command_.on_progress(); }
  void tell(std::string_view line) override { command_.tell(line); }
  awaitable<void> drain(Event::Time limit) override { return command_.drain(limit); }

 private:
  InputStream input_;
  OutputStream output_;
  OutputStream error_;
  CommandSession command_;
};

}  // namespace

std::unique_ptr<SessionKind> make_standard_command(const boost::asio::any_io_executor& executor,
                                                   SessionLink& link, const SessionFacts& facts,
                                                   const CommandChoices& choices,
                                                   StandardDescriptors descriptors,
                                                   std::optional<int>& exit_code) {
  return std::make_unique<StandardCommand>(executor, link, facts, choices, descriptors, exit_code);
}

KindFactory standard_kinds(const boost::asio::any_io_executor& executor, FrontEnd front_end,
                           StandardDescriptors descriptors, std::optional<int>& exit_code) {
  return [=, &exit_code](const SessionFacts& facts,
                         SessionLink& link) -> std::expected<std::unique_ptr<SessionKind>, std::string> {
    if (facts.session_type == wire::kPort) return make_port_session(executor, link, facts, descriptors);
    if (facts.session_type == wire::kNonInteractiveCommands)
      return make_standard_command(executor, link, facts, {.front_end = front_end}, descriptors, exit_code);
    return std::make_unique<TerminalSession>(executor, link, front_end, descriptors);
  };
}

}  // namespace postern::client

#pragma once

#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <optional>

#include "client/session/byte_io.h"
#include "client/session/output_pump.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// What a command's streams are joined to. Everything must outlive the session.
struct CommandIo {
  /// Nothing: the command has no input.
  ByteSource* input = nullptr;
  ByteSink* output = nullptr;
  ByteSink* error = nullptr;
};

struct CommandOptions {
  FrontEnd front_end = FrontEnd::kPostern;
  /// SIGINT, SIGQUIT, SIGTERM and SIGHUP go to the command. Off for commands that people don't know of.
  bool forward_signals = true;
  /// A keyboard is worth no warning when the node can't take input.
  bool input_is_keyboard = false;
  /// Shows a line to the person.
  std::function<void(std::string_view)> tell;
};

/// One command without a terminal (data-channel.md 6.3): its output and errors apart, its exit status, and
/// with an agent of ours its input, with back-pressure in every direction, and signals
/// (wire::kExtensionCommandInput).
class CommandSession final : public SessionKind {
 public:
  /// `exit_code` is set when the node reports one, or to 141, as if by SIGPIPE, when nobody reads the output
  /// any more. It must outlive the session.
  CommandSession(const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                 CommandIo io, CommandOptions options, std::optional<int>& exit_code);

  awaitable<Parting> run() override;
  void on_started(Start start) override;
  bool wants_delivery() const override { return output_.has_room() && error_.has_room(); }
  void on_delivery(channel::Delivery delivery) override;
  void on_progress() override { input_wanted_.notify(); }
  void tell(std::string_view line) override;
  awaitable<void> drain(Event::Time limit) override;

 private:
  awaitable<void> read_input();
  /// For an agent that takes none: says so once, when there is some.
  awaitable<void> refuse_input();
  awaitable<void> forward_signals();
  /// True when the node was told; false when only an end helps.
  awaitable<bool> deliver_signal(int signal);
  awaitable<void> finish();
  std::size_t input_room() const;

  SessionLink& link_;
  const std::string agent_version_;
  const bool takes_input_;
  const CommandIo io_;
  const CommandOptions options_;
  std::optional<int>& exit_code_;
  OutputPump output_;
  OutputPump error_;
  /// From the beginning, so that none is lost before run().
  boost::asio::signal_set signals_;
  bool started_ = false;
  Event::Time started_at_;
  /// Something of the command's has arrived, so it runs.
  bool heard_ = false;
  bool finished_ = false;
  std::uint64_t input_sent_ = 0;
  std::uint64_t input_consumed_ = 0;
  Event input_wanted_;
  Event heard_changed_;
  Event finished_changed_;
};

}  // namespace postern::client

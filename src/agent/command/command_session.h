#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/command/piped_process.h"
#include "agent/pending_bytes.h"
#include "agent/process/run_as.h"
#include "agent/session_document.h"
#include "agent/session_kind.h"
#include "agent/source_turns.h"

namespace postern::agent {

/// A command without a terminal (data-channel.md 6.3): split into words and executed without a shell once the
/// client has agreed, with pipes for its output. Official clients send it control bytes, which become
/// signals; one that agreed on wire::kExtensionCommandInput sends input, its end, and any signal.
class CommandSession final : public SessionKind {
 public:
  CommandSession(boost::asio::any_io_executor executor, SessionUser user, CommandProperties properties,
                 std::vector<std::string> arguments);
  ~CommandSession() override;

  std::optional<HandshakeOffer> handshake() const override;
  ChannelNeeds channel_needs() const override { return ChannelNeeds::kBulk; }
  net::awaitable<Completion> run(ChannelDriver& channel, Agreement agreement) override;
  net::awaitable<void> stop() override;
  std::optional<int> process_session() const override;
  void on_child_exit(int pid, int wait_status) override;

 private:
  class OutputSource;

  void report_start_failure(ChannelDriver& channel, const StartFailure& failure);
  void take_over(ChannelDriver& channel, const PipedProcess& process);
  void add_output(ChannelDriver& channel, int descriptor, wire::PayloadType type, const std::string& prefix);
  void on_output_end();
  void take_input(ChannelDriver& channel);
  void take_control_bytes(ByteView payload);
  void take_flag(ByteView payload);
  void write_input(ChannelDriver& channel, ByteView data);
  void wait_for_input_room(ChannelDriver& channel);
  void close_input();
  void signal_group(int signal);
  bool over() const;

  boost::asio::any_io_executor executor_;
  SessionUser user_;
  CommandProperties properties_;
  std::vector<std::string> arguments_;
  bool with_input_ = false;
  bool reports_exit_ = false;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  int open_outputs_ = 0;
  std::optional<SourceTurns> turns_;
  /// Nothing without input, or once it is over.
  std::optional<boost::asio::posix::stream_descriptor> input_;
  PendingBytes pending_;
  bool input_ended_ = false;
  bool waiting_for_room_ = false;
  /// Of the client's input: gone from here, and of that reported.
  std::uint64_t consumed_ = 0;
  std::uint64_t reported_ = 0;
  bool flooded_ = false;
  Signal change_;
};

}  // namespace postern::agent

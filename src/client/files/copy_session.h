#pragma once

#include <chrono>
#include <string>

#include "client/files/copy_job.h"
#include "client/session/command_session.h"
#include "client/session/session_kind.h"

namespace postern::client {

/// What came of one copy session.
struct CopyOutcome {
  copy::Progress progress;
  std::chrono::steady_clock::duration elapsed{};
  /// Both ends agree that everything was sent.
  bool finished = false;
  /// Why the copy as a whole did not go on, in this end's or the node's words; may be empty.
  std::string failure;
};

/// The person's end of `postern cp`: a command session whose command is the other end of a copy. While it
/// runs a terminal on standard error shows how far it is.
class CopySession final : public SessionKind {
 public:
  /// `job` was made on `executor`. `outcome` and `exit_code` must outlive the session; the first is set when
  /// it goes.
  CopySession(const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
              std::unique_ptr<CopyJob> job, CopyOutcome& outcome, std::optional<int>& exit_code);
  ~CopySession() override;

  awaitable<Parting> run() override;
  void on_started(Start start) override { command_.on_started(start); }
  bool wants_delivery() const override { return command_.wants_delivery(); }
  void on_delivery(channel::Delivery delivery) override { command_.on_delivery(std::move(delivery)); }
  void on_progress() override { command_.on_progress(); }
  void tell(std::string_view line) override;
  awaitable<void> drain(Event::Time limit) override { return command_.drain(limit); }

 private:
  /// What the node's end says on its standard error, line by line.
  class Complaints final : public ByteSink {
   public:
    explicit Complaints(CopySession& session) : session_(session) {}
    awaitable<void> write_all(ByteView bytes) override;

   private:
    CopySession& session_;
    std::string line_;
  };

  awaitable<void> show_progress();
  void clear_line();

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::unique_ptr<CopyJob> job_;
  CopyOutcome& outcome_;
  Complaints complaints_;
  CommandSession command_;
  bool line_shown_ = false;
};

}  // namespace postern::client

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/session/byte_io.h"
#include "client/session/event.h"
#include "copy/destination.h"
#include "copy/source.h"

namespace postern::client {

/// This machine's end of a copy, joined to a command session's input and output: what it has to say goes to
/// the node, what the node says comes back. File work is done on the session's thread, between its messages.
class CopyJob {
 public:
  /// Sends, or receives; `executor` is the session's.
  CopyJob(const boost::asio::any_io_executor& executor, copy::Source source);
  CopyJob(const boost::asio::any_io_executor& executor, copy::Destination destination);
  ~CopyJob();

  ByteSource& input();
  ByteSink& output();

  bool finished() const;
  const copy::Progress& progress() const;
  /// Why the copy as a whole can't go on; empty while it can.
  const std::string& failure() const { return failure_; }

 private:
  class Input;
  class Output;

  /// What is to be sent next; empty when there is nothing now.
  ByteView next();
  void receive(ByteView bytes);

  std::optional<copy::Source> source_;
  std::optional<copy::Destination> destination_;
  Bytes answers_;
  std::string failure_;
  Event changed_;
  std::unique_ptr<Input> input_;
  std::unique_ptr<Output> output_;
};

}  // namespace postern::client

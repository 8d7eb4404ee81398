#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <memory>

#include "agent/channel_driver.h"

namespace postern::agent {

/// Where bytes for the client come from, mostly a local descriptor.
class Source {
 public:
  virtual ~Source() = default;

  /// What Outcome::kDrained waits for; null for a source that never says so.
  virtual boost::asio::posix::stream_descriptor* descriptor() { return nullptr; }

  enum class Outcome {
    /// It may have more at once.
    kMore,
    /// It has nothing until its descriptor is readable.
    kDrained,
    /// It takes no part any more, until somebody calls SourceTurns::add().
    kOut,
  };
  /// Reads and sends at most one payload. Called while the channel takes one.
  virtual Outcome take_turn() = 0;
};

/// Sources that feed one channel and take turns at it: each that has something sends one payload, so that
/// none starves the others, and all wait while the channel takes nothing. One executor; must outlive its
/// io_context's work.
class SourceTurns {
 public:
  SourceTurns(boost::asio::any_io_executor executor, ChannelDriver& channel);

  /// Starts run(), once.
  void start();

  /// It may have something: takes its turn, at once if nobody else is waiting. A source is in at most once:
  /// add it first, and then only after it was out.
  void add(std::shared_ptr<Source> source);

 private:
  void watch(std::shared_ptr<Source> source);
  void take_turns();
  net::awaitable<void> run();

  boost::asio::any_io_executor executor_;
  ChannelDriver& channel_;
  std::deque<std::shared_ptr<Source>> waiting_;
  bool taking_ = false;
  bool posted_ = false;
  Signal blocked_;
};

}  // namespace postern::agent

#pragma once

#include <functional>

#include "client/session/byte_io.h"
#include "client/session/event.h"

namespace postern::client {

/// Bytes on their way to a sink that may be slow: what it takes at once leaves at once, the rest waits here,
/// and whoever feeds it stops while has_room() is false.
class OutputPump {
 public:
  /// At which has_room() turns false. Small enough that an interrupted flood ends soon.
  static constexpr std::size_t kPendingBytes = 256 * 1024;

  /// `sink` must outlive the pump. `written` is called when something has left, and room with it.
  OutputPump(const boost::asio::any_io_executor& executor, ByteSink& sink, std::function<void()> written);

  void put(ByteView bytes);
  bool has_room() const { return pending() < kPendingBytes; }
  std::size_t pending() const { return pending_.size() + writing_.size(); }

  /// Writes what waits, for ever. Throws system_error when nobody takes any more.
  awaitable<void> run();
  /// Returns when nothing waits any more, or at `limit`. While run() runs.
  awaitable<void> drain(Event::Time limit);

 private:
  ByteSink& sink_;
  std::function<void()> written_;
  Bytes pending_;
  /// What the sink is being given.
  Bytes writing_;
  Event ready_;
  Event progress_;
};

}  // namespace postern::client

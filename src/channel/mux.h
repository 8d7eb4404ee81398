#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/mux_frame.h"

/// Many byte streams over the one ordered byte stream of a multiplexed port session (data-channel.md 6.7),
/// without sockets: what arrives becomes calls of a MuxHandler, what is sent becomes bytes to be put into
/// Output payloads.
namespace postern::channel {

using wire::MuxDialect;

enum class MuxRole {
  /// Opens streams 3, 5, 7, ...
  kClient,
  /// Opens streams 2, 4, 6, ..., in kFlow only (connections to listeners on the node).
  kAgent,
};

/// Why the multiplexed stream can't go on; the session ends.
enum class MuxError {
  kBadVersion,
  kUnknownCommand,
  kBadLength,
  /// kFlow: a frame for a stream that its sender may not open, has not opened, has ended, or waits for.
  kBadStreamId,
  /// kFlow: more data than was allowed, or more allowed than can be.
  kWindowExceeded,
  /// What the peer does makes more answers than it takes.
  kTooMuchControl,
};
std::string_view to_string(MuxError error);

/// What the owner of the streams does about them. Calls come from within Mux::on_bytes(); a handler may call
/// any other member, but not on_bytes().
class MuxHandler {
 public:
  virtual ~MuxHandler() = default;
  /// The peer opens a stream. `target` is empty in kSmux: the session's own destination.
  virtual void on_open(std::uint32_t id, std::string_view target) = 0;
  /// kFlow: the peer has connected what this end opened.
  virtual void on_accept(std::uint32_t id) = 0;
  /// Bytes of a stream, at most what its window allows. Whoever keeps them reports consumed() later.
  virtual void on_data(std::uint32_t id, ByteView data) = 0;
  /// The peer sends no more on this stream. In kSmux it also reads no more.
  virtual void on_end(std::uint32_t id) = 0;
  /// kFlow: the peer gave the stream up, or refused it; both directions are over, and what is unconsumed need
  /// not be. `reason` is the peer's own text, whatever its bytes.
  virtual void on_reset(std::uint32_t id, std::string_view reason) = 0;
  /// send_window(id) grew from nothing.
  virtual void on_window(std::uint32_t id) = 0;
  /// kFlow: a text on stream 0, as about listeners.
  virtual void on_control(std::string_view text) = 0;
};

/// One end. Lives on one thread.
class Mux {
 public:
  static constexpr std::size_t kFrameHeaderBytes = wire::kMuxHeaderBytes;
  /// Of one data frame.
  static constexpr std::size_t kMaxFrameDataBytes = 65'535 - 1023;
  /// Streams open at once; a further one is refused (kFlow) or ended at once (kSmux).
  static constexpr std::size_t kMaxStreams = 1024;
  /// kFlow: what a stream may send before the receiver has consumed any of it.
  static constexpr std::size_t kInitialWindowBytes = wire::kMuxInitialWindowBytes;
  /// kFlow: what the window of a stream that is consumed quickly grows to, and the sum over all streams
  /// beyond their initial windows. When that runs short, streams on which little has come of late are asked
  /// to give theirs back.
  static constexpr std::size_t kMaxWindowBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kTotalWindowBytes = 32 * 1024 * 1024;
  /// kSmux: unconsumed bytes of all streams at which wants_bytes() turns false (official peers: 4 MiB).
  static constexpr std::size_t kSmuxBudgetBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kMaxTargetBytes = wire::kMuxMaxTargetBytes;
  static constexpr std::size_t kMaxReasonBytes = wire::kMuxMaxReasonBytes;
  static constexpr std::size_t kMaxControlTextBytes = wire::kMuxMaxControlBytes;
  /// Answers that wait to be sent. 1,024 streams have room for theirs, each with a long reason.
  static constexpr std::size_t kMaxPendingControlBytes = 1024 * 1024;

  /// `handler` must outlive the Mux.
  Mux(MuxRole role, MuxDialect dialect, MuxHandler& handler);
  ~Mux();

  MuxDialect dialect() const;

  /// The next bytes of the peer, cut anywhere. After an error nothing more is taken: it is given again.
  std::expected<void, MuxError> on_bytes(ByteView bytes);
  /// False in kSmux while too much is unconsumed: leave further payloads in the channel.
  bool wants_bytes() const;
  /// The owner has passed `size` bytes of the stream on; opens the peer's window. At most what on_data()
  /// gave; nothing happens for a stream that is gone.
  void consumed(std::uint32_t id, std::size_t size);

  /// Opens a stream, on which data may be sent at once. `target` as in docs/protocol.md (`tcp:HOST:PORT`,
  /// `unix:PATH`, `listener:INDEX`), at most kMaxTargetBytes, empty in kSmux, where an agent opens none.
  /// Nothing when kMaxStreams are open.
  std::optional<std::uint32_t> open(std::string_view target);
  /// kFlow: what the peer opened is connected; nothing may be sent on it before.
  void accept(std::uint32_t id);
  /// How much may be sent on the stream now; 0 for a stream that is gone, ended from here, or not accepted
  /// by this end. kSmux: the largest frame.
  std::size_t send_window(std::uint32_t id) const;
  /// Writes into `header` the frame header for `size` bytes of the stream, which the caller has put, or puts,
  /// right behind it in the same Output payload. `size` is 1 to min(send_window(id), kMaxFrameDataBytes).
  /// Control frames that are pending must leave before it: see take_control(). Its own SYN or ACCEPT still
  /// waiting is a bug and aborts.
  void frame(std::uint32_t id, std::size_t size, std::span<std::uint8_t, kFrameHeaderBytes> header);
  /// No more will be sent on the stream. kSmux: nor read; the stream is gone.
  void end(std::uint32_t id);
  /// Gives the stream up in both directions; it is gone. `reason` is cut to kMaxReasonBytes. kSmux: as end().
  void reset(std::uint32_t id, std::string_view reason);
  /// kFlow: a text for the peer's on_control(), 1 to kMaxControlTextBytes.
  void control(std::string_view text);

  /// Frames other than data that wait to be sent, as bytes for one Output payload, at most 32 KiB; empty when
  /// there are none. The driver takes them, until none are left, after every call that may have made some.
  Bytes take_control();
  bool has_control() const;

  /// kFlow: a stream counts until both directions have ended and everything was consumed, or it was reset.
  /// kSmux: until end().
  std::size_t open_streams() const;
  /// Received and not yet consumed, over all streams.
  std::size_t unconsumed_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::channel

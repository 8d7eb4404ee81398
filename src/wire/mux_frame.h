#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

/// Frames of the multiplexed byte stream that the Output payloads of a port session form, one after the other
/// (data-channel.md 6.7). smux version 1, and what our own ends add to it (docs/protocol.md, "mux-flow").
/// Integers are little-endian:
///
///     0  1  version    1
///     1  1  command
///     2  2  length     of the data that follows
///     4  4  stream id
///     8  n  data
namespace postern::wire {

/// Which frames the ends speak.
enum class MuxDialect {
  /// smux version 1 as official peers speak it: no windows, no targets, no half-close, no reasons.
  kSmux,
  /// Between ends that agreed on kExtensionMuxFlow: each stream has a window, the opener names a target,
  /// either direction ends by itself, and a refusal says why.
  kFlow,
};

enum class MuxCommand : std::uint8_t {
  /// Opens a stream. kFlow: the data is the target, up to kMuxMaxTargetBytes.
  kSyn = 0,
  /// The sender sends no more.
  kFin = 1,
  /// Data of a stream.
  kPsh = 2,
  /// Keep-alive, stream 0.
  kNop = 3,

  // kFlow only.

  /// Four bytes: how many bytes more the receiver of this frame may send.
  kUpd = 4,
  /// Both directions are over; the data is a reason in UTF-8, up to kMuxMaxReasonBytes, which may be empty.
  kRst = 5,
  /// The stream that the receiver of this frame opened is connected.
  kAccept = 6,
  /// A text for the peer itself, 1 to kMuxMaxControlBytes, stream 0.
  kCtl = 7,
  /// Asks the receiver of this frame to return what it is allowed to send on the stream beyond
  /// kMuxInitialWindowBytes, because others need it more.
  kReclaim = 8,
  /// The answer, four bytes: how many bytes the sender of this frame will not send that it was allowed to.
  kReturn = 9,
};

inline constexpr std::uint8_t kMuxVersion = 1;
inline constexpr std::size_t kMuxHeaderBytes = 8;
inline constexpr std::size_t kMuxMaxTargetBytes = 512;
inline constexpr std::size_t kMuxMaxReasonBytes = 512;
inline constexpr std::size_t kMuxMaxControlBytes = 16 * 1024;
/// Of the number in kUpd and kReturn.
inline constexpr std::size_t kMuxAmountBytes = 4;
/// kFlow: what may be sent on a stream from its beginning.
inline constexpr std::size_t kMuxInitialWindowBytes = 64 * 1024;

struct MuxHeader {
  MuxCommand command = MuxCommand::kNop;
  std::uint16_t length = 0;
  std::uint32_t stream_id = 0;
  bool operator==(const MuxHeader&) const = default;
};

enum class MuxFrameError {
  kBadVersion,
  /// Not a command of this dialect.
  kUnknownCommand,
  /// Not a length that the command may have. The official parser does not skip data behind SYN, FIN and NOP,
  /// so what follows such a header would mean something else at each end.
  kBadLength,
};
std::string_view to_string(MuxFrameError error);

std::expected<MuxHeader, MuxFrameError> parse_mux_header(std::span<const std::uint8_t, kMuxHeaderBytes> bytes,
                                                         MuxDialect dialect);
void write_mux_header(const MuxHeader& header, std::span<std::uint8_t, kMuxHeaderBytes> to);
/// Header and data behind what `out` holds. `data` is at most 65,535 bytes.
void append_mux_frame(Bytes& out, MuxCommand command, std::uint32_t stream_id, ByteView data = {});
/// The same for kUpd and kReturn.
void append_mux_amount(Bytes& out, MuxCommand command, std::uint32_t stream_id, std::uint32_t bytes);

/// Finds the frames in a stream of bytes that is cut anywhere. Data of kPsh is handed on where it lies, in as
/// many parts as it arrives in; that of other commands whole, for which at most kMuxMaxControlBytes are kept.
class MuxParser {
 public:
  explicit MuxParser(MuxDialect dialect) : dialect_(dialect) {}

  struct Part {
    MuxHeader header;
    /// Valid until the next call, and as long as the bytes that were fed.
    ByteView data;

    /// What a kUpd grants or a kReturn returns, in bytes.
    std::uint32_t amount() const;
  };

  /// Takes bytes from the front of `bytes`, up to the end of the part that it returns. Nothing when more
  /// bytes are needed; then all have been taken. A kPsh without data is passed over. After an error the
  /// stream can't go on.
  std::expected<std::optional<Part>, MuxFrameError> next(ByteView& bytes);

  /// Whether the stream may end here: between two frames.
  bool between_frames() const { return !current_ && header_size_ == 0; }

 private:
  std::expected<bool, MuxFrameError> take_header(ByteView& bytes);
  std::optional<Part> take_data(ByteView& bytes);

  MuxDialect dialect_;
  /// Of a header that was cut.
  std::array<std::uint8_t, kMuxHeaderBytes> header_bytes_{};
  std::size_t header_size_ = 0;
  /// The frame whose data is being taken.
  std::optional<MuxHeader> current_;
  std::size_t left_ = 0;
  /// Its data so far, unless kPsh.
  Bytes collected_;
};

}  // namespace postern::wire

#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"

/// The frames by which a source of files and their destination talk, over any reliable byte stream
/// (docs/protocol.md, "Copying files"). Integers are big-endian.
///
///     0  1  type
///     1  4  length of what follows
///     5  n  content
namespace postern::copy {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 5;
/// Of a Data frame; no frame is longer.
inline constexpr std::size_t kMaxDataBytes = 64 * 1024;
inline constexpr std::size_t kMaxPathBytes = 4096;
inline constexpr std::size_t kMaxTextBytes = 1024;

enum class FrameType : std::uint8_t {
  // from the source
  /// u32 version, u32 roots, u64 files, u64 bytes: first of all.
  kHello = 1,
  /// u32 mode, path.
  kDirectory = 2,
  /// u64 size, u32 mode, i64 mtime in nanoseconds since 1970, path. Begins an entry's content.
  kFile = 3,
  /// u64: the content begins there, because what is before is already at the destination.
  kFrom = 4,
  kData = 5,
  /// SHA-256 of the whole file.
  kEnd = 6,
  /// Text: the entry can't be read on; what came of it is kept for another time.
  kAbandon = 7,
  /// No further entry.
  kFinish = 8,
  // from the destination
  /// u64 offset, SHA-256 of what is before: this much of the file is there. For files of kResumableBytes and
  /// more.
  kOffset = 16,
  /// u64 entry, text: the entry can't be stored.
  kRefused = 17,
  /// u64 entry: it is stored, and its hash is that of the source.
  kStored = 18,
  /// u64 files stored: answers kFinish.
  kFinished = 19,
};

/// From this size on a destination says what it has of a file, and the source waits for it.
inline constexpr std::uint64_t kResumableBytes = 1024 * 1024;

struct Hello {
  std::uint32_t version = kVersion;
  /// How many of the entries were named by the person.
  std::uint32_t roots = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Hello&) const = default;
};
struct Directory {
  std::uint32_t mode = 0;
  /// `/` between components, relative: see safe_path().
  std::string path;
  bool operator==(const Directory&) const = default;
};
struct File {
  std::uint64_t size = 0;
  std::uint32_t mode = 0;
  std::int64_t mtime_nanos = 0;
  std::string path;
  bool operator==(const File&) const = default;
};
struct Offset {
  std::uint64_t offset = 0;
  Sha256 hash{};
  bool operator==(const Offset&) const = default;
};
struct Refused {
  /// Entries (directories and files) count from 0.
  std::uint64_t entry = 0;
  std::string reason;
  bool operator==(const Refused&) const = default;
};

Bytes encode(const Hello& hello);
Bytes encode(const Directory& directory);
Bytes encode(const File& file);
Bytes encode(const Offset& offset);
Bytes encode(const Refused& refused);
/// kFrom, kStored, kFinished.
Bytes encode_number(FrameType type, std::uint64_t number);
Bytes encode_end(const Sha256& hash);
/// kAbandon; cut to kMaxTextBytes.
Bytes encode_text(FrameType type, std::string_view text);
Bytes encode_finish();
/// The header for `size` bytes of data that follow.
void put_data_header(std::uint8_t* into, std::size_t size);

/// A whole frame; the content is valid as long as the bytes it was found in.
struct Frame {
  FrameType type;
  ByteView content;
  /// With its header.
  std::size_t size() const { return kFrameHeaderBytes + content.size(); }
};

/// The frame at the start of `bytes`; nothing when more bytes are needed. Error: what is wrong with them.
std::expected<std::optional<Frame>, std::string> next_frame(ByteView bytes);

/// Each gives nothing when the content has another form.
std::optional<Hello> decode_hello(ByteView content);
std::optional<Directory> decode_directory(ByteView content);
std::optional<File> decode_file(ByteView content);
std::optional<Offset> decode_offset(ByteView content);
std::optional<Refused> decode_refused(ByteView content);
std::optional<std::uint64_t> decode_number(ByteView content);
std::optional<Sha256> decode_end(ByteView content);

/// Whether a path may be created below a destination: relative, at most kMaxPathBytes, no empty component, no
/// `.` or `..`, no NUL.
bool safe_path(std::string_view path);

}  // namespace postern::copy

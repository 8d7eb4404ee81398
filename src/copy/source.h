#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "copy/descriptor.h"
#include "copy/frame.h"
#include "copy/progress.h"
#include "copy/recursion.h"

namespace postern::copy {

/// Reads files and sends them: next() gives bytes for the destination, on_bytes() takes its answers. Nothing
/// but files is touched, and these with blocking calls; one thread.
///
/// A path that a person named is followed where it is a symbolic link. Below it only directories and regular
/// files are copied; links, devices, sockets and pipes are reported as failures, since a destination could
/// not write them safely.
class Source {
 public:
  /// Looks at all of `roots` and what is below them; may take a while. What can't be read is in progress() as
  /// a failure.
  Source(const std::vector<std::filesystem::path>& roots, Recursion recursion);

  /// The next bytes to send, at most kMaxDataBytes and a header; empty when an answer is waited for or
  /// everything is sent. Valid until the next call.
  ByteView next();

  /// Error: the destination does not speak the protocol, and the copy is over.
  std::expected<void, std::string> on_bytes(ByteView bytes);

  /// The destination has confirmed the end.
  bool finished() const { return state_ == State::kFinished; }
  const Progress& progress() const { return progress_; }

 private:
  enum class State { kStart, kEntry, kAwaitOffset, kContent, kAwaitFinished, kFinished };
  enum class Kind { kDirectory, kFile };
  struct Entry {
    Kind kind;
    std::filesystem::path path;
    /// As the destination gets it.
    std::string name;
    std::uint32_t mode = 0;
    std::uint64_t size = 0;
  };

  void scan(const std::filesystem::path& path, const std::string& name, Recursion recursion, bool named);
  ByteView give(Bytes bytes);
  ByteView begin_entry();
  ByteView begin_file(const Entry& entry);
  ByteView read_content();
  ByteView give_up(const std::string& reason);
  void leave_file();
  std::expected<void, std::string> on_frame(const Frame& frame);
  std::expected<void, std::string> on_offset(const Offset& theirs);
  bool hash_prefix(std::uint64_t size);
  /// The entry in hand, or the one that the next begin_entry() takes.
  const Entry& current() const { return entries_[next_entry_ - 1]; }

  std::vector<Entry> entries_;
  std::uint32_t roots_ = 0;
  State state_ = State::kStart;
  std::size_t next_entry_ = 0;
  Descriptor file_;
  std::uint64_t position_ = 0;
  std::uint64_t announced_ = 0;
  std::optional<Sha256Hasher> hasher_;
  /// Where the content begins is still to be said.
  bool from_due_ = false;
  /// The destination does not want the entry in hand.
  bool refused_ = false;
  Bytes out_;
  /// Of an answer that has not arrived whole.
  Bytes partial_;
  Progress progress_;
};

}  // namespace postern::copy

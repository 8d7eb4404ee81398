#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "copy/frame.h"
#include "copy/incoming_file.h"
#include "copy/progress.h"
#include "copy/recursion.h"
#include "copy/tree.h"

namespace postern::copy {

/// Writes the files that a source sends: on_bytes() takes its frames, take_output() gives the answers.
/// Nothing but files is touched, and these with blocking calls; one thread. The source is not trusted:
/// nothing is written outside the destination (Tree), and a file appears under its name only once all of it
/// is there and its hash is right. Of a large file whose copy was cut short a part is kept beside it, and
/// goes on from there the next time.
class Destination {
 public:
  /// Where to write. If `path` is a directory, or ends in `/`, entries are put into it under their own names;
  /// otherwise the one entry that the source was told to copy becomes `path` itself. Without recursion a
  /// directory ends the copy.
  explicit Destination(std::filesystem::path path, Recursion recursion = Recursion::kYes)
      : path_(std::move(path)), recursion_(recursion) {}

  /// Error: the copy as a whole is over, with this reason.
  std::expected<void, std::string> on_bytes(ByteView bytes);

  /// Answers that are to be sent; may be empty.
  Bytes take_output() { return std::exchange(out_, {}); }

  /// The source has sent everything and the answer to that is in take_output().
  bool finished() const { return finished_; }
  const Progress& progress() const { return progress_; }

 private:
  std::expected<void, std::string> on_frame(const Frame& frame);
  std::expected<void, std::string> begin(const Hello& hello);
  std::expected<void, std::string> on_directory(const Directory& directory);
  std::expected<void, std::string> on_file(const File& file);
  void on_data(ByteView data);
  void on_end(const Sha256& hash);
  void on_abandon(std::string_view reason);
  void finish();
  /// Where an entry of this name goes below the tree; nothing for a name that is not allowed.
  std::optional<std::string> target_of(const std::string& name) const;
  void refuse(const std::string& name, const std::string& reason);
  void answer(const Bytes& frame) { out_.insert(out_.end(), frame.begin(), frame.end()); }

  const std::filesystem::path path_;
  const Recursion recursion_;
  std::optional<Tree> tree_;
  /// What takes the place of an entry's first component; empty: nothing does.
  std::string rename_to_;
  bool started_ = false;
  bool finished_ = false;
  std::uint64_t entries_ = 0;
  std::uint64_t stored_ = 0;
  std::optional<IncomingFile> file_;
  /// Their modes are set at the end: one without write permission could not be filled.
  std::vector<std::pair<std::string, std::uint32_t>> directory_modes_;
  Bytes partial_;
  Bytes out_;
  Progress progress_;
};

}  // namespace postern::copy

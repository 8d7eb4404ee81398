#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "copy/descriptor.h"
#include "copy/frame.h"
#include "copy/tree.h"

namespace postern::copy {

/// A file on its way to its name: written beside it as `.NAME.postern-part`, readable to its owner only, and
/// renamed when complete.
class IncomingFile {
 public:
  /// Opens the part, an older one too. Errors are texts for the person.
  static std::expected<IncomingFile, std::string> open(Tree::Place place, const File& announced);

  IncomingFile(IncomingFile&&) noexcept = default;
  IncomingFile& operator=(IncomingFile&&) = delete;
  /// Removes the part when it is too small to be worth going on with.
  ~IncomingFile();

  const File& announced() const { return announced_; }
  std::uint64_t written() const { return position_; }

  /// What an older copy left, hashed; offset 0 when there is nothing of use.
  std::expected<Offset, std::string> existing();
  /// The content begins here: at 0 or at existing().offset.
  std::expected<void, std::string> begin_at(std::uint64_t offset);
  std::expected<void, std::string> write(ByteView data);
  /// Compares size and hash and gives the file its name, mode and time.
  std::expected<void, std::string> complete(const Sha256& hash);

 private:
  IncomingFile(Tree::Place place, std::string part_name, Descriptor file, const File& announced);

  Tree::Place place_;
  std::string part_name_;
  Descriptor file_;
  File announced_;
  std::uint64_t position_ = 0;
  /// So much of an older copy has been hashed by `prefix_hasher_`.
  std::uint64_t existing_ = 0;
  Sha256Hasher hasher_;
  Sha256Hasher prefix_hasher_;
  bool completed_ = false;
};

}  // namespace postern::copy

#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern::agent {

/// What a document puts in front of a command's output (data-channel.md 6.3): before the first chunk, and
/// before each chunk that follows one which ended with a line.
class OutputPrefix {
 public:
  explicit OutputPrefix(std::string prefix) : prefix_(std::move(prefix)) {}

  /// What stands in front of the next chunk, maybe nothing.
  std::string_view next() const { return due_ ? std::string_view(prefix_) : std::string_view(); }
  /// That chunk, which is not empty.
  void on_chunk(ByteView chunk) { due_ = chunk.back() == '\n'; }

 private:
  std::string prefix_;
  bool due_ = true;
};

}  // namespace postern::agent

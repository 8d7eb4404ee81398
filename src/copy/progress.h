#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern::copy {

/// How far a copy is, as either end sees it.
struct Progress {
  /// Announced by the source; files and their bytes.
  std::uint64_t total_files = 0;
  std::uint64_t total_bytes = 0;
  /// Through with, one way or another.
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  /// Of these bytes, what was at the destination already.
  std::uint64_t resumed_bytes = 0;
  /// Relative path of the file in hand; empty between files.
  std::string current;
  /// `path: reason`, for what was not copied; the first kMaxFailures of them.
  std::vector<std::string> failures;
  std::uint64_t failure_count = 0;

  static constexpr std::size_t kMaxFailures = 100;

  void failed(const std::string& path, const std::string& reason) {
    ++failure_count;
    if (failures.size() < kMaxFailures) failures.push_back(path + ": " + reason);
  }
};

}  // namespace postern::copy

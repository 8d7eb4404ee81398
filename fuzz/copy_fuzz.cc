#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "copy/destination.h"
#include "copy/source.h"

/// A destination that gets arbitrary frames writes nothing outside its directory; a source survives arbitrary
/// answers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  static const fs::path root = [] {
    auto pattern = (fs::temp_directory_path() / "copy-fuzz-XXXXXX").string();
    POSTERN_CHECK(::mkdtemp(pattern.data()) != nullptr);
    std::atexit([] { fs::remove_all(root); });
    return fs::path(pattern);
  }();
  const postern::ByteView bytes(data, size);
  fs::create_directory(root / "to");
  {
    postern::copy::Destination destination(root / "to");
    static_cast<void>(destination.on_bytes(bytes));
    postern::copy::Source source({root / "to"}, postern::copy::Recursion::kYes);
    while (!source.next().empty()) {
    }
    static_cast<void>(source.on_bytes(bytes));
  }
  POSTERN_CHECK(std::distance(fs::directory_iterator(root), {}) == 1);
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(root / "to", ignored)) {
    if (entry.is_directory(ignored)) fs::permissions(entry, fs::perms::owner_all, ignored);
  }
  fs::remove_all(root / "to", ignored);
  return 0;
}

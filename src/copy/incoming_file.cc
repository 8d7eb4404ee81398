#include "copy/incoming_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/encoding.h"

namespace postern::copy {
namespace {

constexpr std::uint32_t kPermissions = 0777;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::unexpected<std::string> failed(const char* what) {
  return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string part_name_of(const std::string& name) {
  constexpr std::string_view kSuffix = ".postern-part";
  if (name.size() + kSuffix.size() + 1 <= NAME_MAX) return fmt::format(".{}{}", name, kSuffix);
  return fmt::format(".{}{}", sha256_hex(name), kSuffix);
}

timespec to_timespec(std::int64_t nanos) {
  auto seconds = nanos / kNanosPerSecond;
  auto rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

}  // namespace

IncomingFile::IncomingFile(Tree::Place place, std::string part_name, Descriptor file, const File& announced)
    : place_(std::move(place)),
      part_name_(std::move(part_name)),
      file_(std::move(file)),
      announced_(announced) {}

std::expected<IncomingFile, std::string> IncomingFile::open(Tree::Place place, const File& announced) {
  struct stat status{};
  if (::fstatat(place.parent.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(status.st_mode)) {
    return std::unexpected(std::string(S_ISDIR(status.st_mode) ? "a directory of this name is there"
                                                               : "something that is no file is there"));
  }
  auto part = part_name_of(place.name);
  Descriptor file(::openat(place.parent.get(), part.c_str(),
                           O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return failed("can't write there");
  // Somebody else's file, or a pipe, that bears the name of ours would get our content.
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      status.st_nlink != 1) {
    return std::unexpected(part + " is there and is not ours");
  }
  return IncomingFile(std::move(place), std::move(part), std::move(file), announced);
}

IncomingFile::~IncomingFile() {
  if (!file_ || completed_ || position_ >= kResumableBytes) return;
  ::unlinkat(place_.parent.get(), part_name_.c_str(), 0);
}

std::expected<Offset, std::string> IncomingFile::existing() {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return failed("can't read what is there");
  const auto there = std::min<std::uint64_t>(static_cast<std::uint64_t>(status.st_size), announced_.size);
  Bytes buffer(kMaxDataBytes);
  while (existing_ < there) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), there - existing_);
    const auto got = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(existing_));
    if (got <= 0) return failed("can't read what is there");
    prefix_hasher_.update(ByteView(buffer).first(static_cast<std::size_t>(got)));
    existing_ += static_cast<std::uint64_t>(got);
  }
  return Offset{existing_, existing_ > 0 ? prefix_hasher_.so_far() : Sha256{}};
}

std::expected<void, std::string> IncomingFile::begin_at(std::uint64_t offset) {
  if (offset != 0 && offset != existing_) {
    return std::unexpected(
        fmt::format("the source goes on from {}, but {} bytes are there", offset, existing_));
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(offset)) != 0) return failed("can't write");
  if (offset != 0) hasher_ = std::move(prefix_hasher_);
  position_ = offset;
  return {};
}

std::expected<void, std::string> IncomingFile::write(ByteView data) {
  if (data.size() > announced_.size - position_) {
    return std::unexpected(std::string("it is longer than the source announced"));
  }
  hasher_.update(data);
  while (!data.empty()) {
    const auto put = ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(position_));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return failed("can't write");
    position_ += static_cast<std::uint64_t>(put);
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

std::expected<void, std::string> IncomingFile::complete(const Sha256& hash) {
  if (position_ != announced_.size) {
    return std::unexpected(fmt::format("{} of {} bytes arrived", position_, announced_.size));
  }
  if (hasher_.finish() != hash) {
    // Not to be gone on with: one of its bytes is wrong.
    position_ = 0;
    return std::unexpected(std::string("its SHA-256 differs from the source's; copy it again"));
  }
  // A longer file of an older copy may have been there.
  if (::ftruncate(file_.get(), static_cast<off_t>(announced_.size)) != 0) return failed("can't write");
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, to_timespec(announced_.mtime_nanos)};
  if (::fchmod(file_.get(), announced_.mode & kPermissions) != 0) return failed("can't set its mode");
  if (::futimens(file_.get(), times) != 0) return failed("can't set its time");
  if (::renameat(place_.parent.get(), part_name_.c_str(), place_.parent.get(), place_.name.c_str()) != 0) {
    return failed("can't give it its name");
  }
  completed_ = true;
  return {};
}

}  // namespace postern::copy

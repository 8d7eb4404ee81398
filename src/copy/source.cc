#include "copy/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace postern::copy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kPermissions = 0777;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::string reason_of(int error) {
  return std::strerror(error);
}

// The name under which a root arrives: `dir/`, `.` and `/` have none of their own.
std::string root_name(const fs::path& root) {
  auto name = root.filename().string();
  if (name.empty()) name = root.parent_path().filename().string();
  if (name.empty() || name == "." || name == "..") {
    std::error_code ignored;
    name = fs::weakly_canonical(root, ignored).filename().string();
  }
  return name.empty() ? "root" : name;
}

}  // namespace

Source::Source(const std::vector<fs::path>& roots, Recursion recursion)
    : roots_(static_cast<std::uint32_t>(roots.size())) {
  for (const auto& root : roots) scan(root, root_name(root), recursion, true);
}

void Source::scan(const fs::path& path, const std::string& name, Recursion recursion, bool named) {
  struct stat status{};
  const int failed = named ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  if (failed != 0) return progress_.failed(path.string(), reason_of(errno));
  const auto mode = static_cast<std::uint32_t>(status.st_mode) & kPermissions;
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    entries_.push_back({Kind::kFile, path, name, mode, size});
    ++progress_.total_files;
    progress_.total_bytes += size;
    return;
  }
  if (!S_ISDIR(status.st_mode)) {
    return progress_.failed(path.string(), S_ISLNK(status.st_mode)
                                               ? "a symbolic link, not copied"
                                               : "neither a file nor a directory, not copied");
  }
  if (recursion == Recursion::kNo) return progress_.failed(path.string(), "a directory: give --recursive");
  entries_.push_back({Kind::kDirectory, path, name, mode, 0});
  std::error_code error;
  std::vector<fs::path> children;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    children.push_back(at->path());
  }
  if (error) return progress_.failed(path.string(), error.message());
  std::ranges::sort(children);
  for (const auto& child : children) scan(child, name + '/' + child.filename().string(), recursion, false);
}

ByteView Source::give(Bytes bytes) {
  out_ = std::move(bytes);
  return out_;
}

ByteView Source::next() {
  switch (state_) {
    case State::kStart:
      state_ = State::kEntry;
      return give(encode(Hello{kVersion, roots_, progress_.total_files, progress_.total_bytes}));
    case State::kEntry:
      return begin_entry();
    case State::kContent:
      return read_content();
    case State::kAwaitOffset:
    case State::kAwaitFinished:
    case State::kFinished:
      return {};
  }
  return {};
}

ByteView Source::begin_entry() {
  while (next_entry_ < entries_.size()) {
    const auto& entry = entries_[next_entry_++];
    if (entry.kind == Kind::kDirectory) return give(encode(Directory{entry.mode, entry.name}));
    return begin_file(entry);
  }
  state_ = State::kAwaitFinished;
  return give(encode_finish());
}

ByteView Source::begin_file(const Entry& entry) {
  // Its number is used up even if it can't be opened, so that both ends count alike.
  File announcement{.size = entry.size, .mode = entry.mode, .mtime_nanos = 0, .path = entry.name};
  // Named paths may be links, which scan() followed; what is behind them was a regular file then.
  file_ = Descriptor(::open(entry.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status{};
  if (!file_ || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    const auto reason = file_ ? std::string("no longer a regular file") : reason_of(errno);
    auto bytes = encode(File{0, entry.mode, 0, entry.name});
    const auto end = give_up(reason);
    bytes.insert(bytes.end(), end.begin(), end.end());
    return give(std::move(bytes));
  }
  announcement.size = static_cast<std::uint64_t>(status.st_size);
  announcement.mtime_nanos = status.st_mtim.tv_sec * kNanosPerSecond + status.st_mtim.tv_nsec;
  announced_ = announcement.size;
  position_ = 0;
  refused_ = false;
  hasher_.emplace();
  progress_.current = entry.name;
  state_ = announced_ >= kResumableBytes ? State::kAwaitOffset : State::kContent;
  return give(encode(announcement));
}

ByteView Source::read_content() {
  if (refused_) {
    leave_file();
    return begin_entry();
  }
  if (std::exchange(from_due_, false)) return give(encode_number(FrameType::kFrom, position_));
  if (position_ == announced_) {
    auto end = encode_end(hasher_->finish());
    leave_file();
    return give(std::move(end));
  }
  const auto wanted = std::min<std::uint64_t>(kMaxDataBytes, announced_ - position_);
  out_.resize(kFrameHeaderBytes + wanted);
  const auto got =
      ::pread(file_.get(), out_.data() + kFrameHeaderBytes, wanted, static_cast<off_t>(position_));
  if (got < 0) return give_up(reason_of(errno));
  if (got == 0) return give_up("it became shorter while it was copied");
  const auto size = static_cast<std::size_t>(got);
  put_data_header(out_.data(), size);
  out_.resize(kFrameHeaderBytes + size);
  hasher_->update(ByteView(out_).subspan(kFrameHeaderBytes));
  position_ += size;
  progress_.bytes += size;
  return out_;
}

ByteView Source::give_up(const std::string& reason) {
  progress_.failed(current().name, reason);
  leave_file();
  return give(encode_text(FrameType::kAbandon, reason));
}

void Source::leave_file() {
  file_.reset();
  hasher_.reset();
  from_due_ = false;
  ++progress_.files;
  progress_.current.clear();
  state_ = State::kEntry;
}

std::expected<void, std::string> Source::on_bytes(ByteView bytes) {
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  std::size_t used = 0;
  for (;;) {
    const auto frame = next_frame(ByteView(partial_).subspan(used));
    if (!frame) return std::unexpected("the destination sent " + frame.error());
    if (!*frame) break;
    if (auto ok = on_frame(**frame); !ok) return ok;
    used += (*frame)->size();
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

std::expected<void, std::string> Source::on_frame(const Frame& frame) {
  const auto unexpected_frame = [&] {
    return std::unexpected(
        fmt::format("the destination sent an unexpected frame of type {}", static_cast<int>(frame.type)));
  };
  switch (frame.type) {
    case FrameType::kOffset: {
      const auto offset = decode_offset(frame.content);
      if (!offset || state_ != State::kAwaitOffset) return unexpected_frame();
      return on_offset(*offset);
    }
    case FrameType::kRefused: {
      const auto refused = decode_refused(frame.content);
      if (!refused || refused->entry >= next_entry_) return unexpected_frame();
      progress_.failed(entries_[refused->entry].name, refused->reason);
      const bool in_hand = refused->entry + 1 == next_entry_;
      if (in_hand && state_ == State::kContent) refused_ = true;
      if (in_hand && state_ == State::kAwaitOffset) leave_file();
      return {};
    }
    case FrameType::kStored:
      if (const auto entry = decode_number(frame.content); !entry || *entry >= next_entry_)
        return unexpected_frame();
      return {};
    case FrameType::kFinished:
      if (!decode_number(frame.content) || state_ != State::kAwaitFinished) return unexpected_frame();
      state_ = State::kFinished;
      return {};
    default:
      return unexpected_frame();
  }
}

std::expected<void, std::string> Source::on_offset(const Offset& theirs) {
  // What is there may be of another version of the file: then it begins anew.
  if (theirs.offset > 0 && theirs.offset <= announced_ && hash_prefix(theirs.offset) &&
      hasher_->so_far() == theirs.hash) {
    position_ = theirs.offset;
    progress_.bytes += position_;
    progress_.resumed_bytes += position_;
  } else {
    hasher_.emplace();
    position_ = 0;
  }
  from_due_ = true;
  state_ = State::kContent;
  return {};
}

bool Source::hash_prefix(std::uint64_t size) {
  Bytes buffer(kMaxDataBytes);
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), size - at);
    const auto got = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) return false;
    hasher_->update(ByteView(buffer).first(static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
  return true;
}

}  // namespace postern::copy

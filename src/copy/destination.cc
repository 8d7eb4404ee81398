#include "copy/destination.h"

#include <fmt/format.h>

#include <ranges>

namespace postern::copy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kPermissions = 0777;

std::unexpected<std::string> malformed(const Frame& frame) {
  return std::unexpected(fmt::format("the source sent a frame of type {} that is malformed or out of place",
                                     static_cast<int>(frame.type)));
}

}  // namespace

std::expected<void, std::string> Destination::on_bytes(ByteView bytes) {
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  std::size_t used = 0;
  for (;;) {
    const auto frame = next_frame(ByteView(partial_).subspan(used));
    if (!frame) return std::unexpected("the source sent " + frame.error());
    if (!*frame) break;
    if (auto ok = on_frame(**frame); !ok) return ok;
    used += (*frame)->size();
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

std::expected<void, std::string> Destination::on_frame(const Frame& frame) {
  if (finished_ || started_ == (frame.type == FrameType::kHello)) return malformed(frame);
  switch (frame.type) {
    case FrameType::kHello:
      if (const auto hello = decode_hello(frame.content)) return begin(*hello);
      return malformed(frame);
    case FrameType::kDirectory:
      if (const auto directory = decode_directory(frame.content)) return on_directory(*directory);
      return malformed(frame);
    case FrameType::kFile:
      if (const auto file = decode_file(frame.content)) return on_file(*file);
      return malformed(frame);
    case FrameType::kFrom:
      if (const auto from = decode_number(frame.content); !from) {
        return malformed(frame);
      } else if (file_) {
        if (auto ok = file_->begin_at(*from); !ok) {
          refuse(file_->announced().path, ok.error());
        } else {
          progress_.bytes += *from;
          progress_.resumed_bytes += *from;
        }
      }
      return {};
    case FrameType::kData:
      on_data(frame.content);
      return {};
    case FrameType::kEnd:
      if (const auto hash = decode_end(frame.content); !hash) {
        return malformed(frame);
      } else {
        on_end(*hash);
      }
      return {};
    case FrameType::kAbandon:
      on_abandon(as_text(frame.content));
      return {};
    case FrameType::kFinish:
      finish();
      return {};
    default:
      return malformed(frame);
  }
}

std::expected<void, std::string> Destination::begin(const Hello& hello) {
  if (hello.version != kVersion) {
    return std::unexpected(
        fmt::format("the source speaks version {} of the copy protocol, not {}: update the older end",
                    hello.version, kVersion));
  }
  started_ = true;
  progress_.total_files = hello.files;
  progress_.total_bytes = hello.bytes;
  std::error_code ignored;
  const bool into = fs::is_directory(path_, ignored) || path_.native().ends_with('/');
  if (!into && hello.roots != 1) {
    return std::unexpected(fmt::format("{} must be a directory that exists, because {} things go there",
                                       path_.string(), hello.roots));
  }
  const auto directory = into ? path_ : path_.parent_path();
  auto tree = Tree::open(directory.empty() ? fs::path(".") : directory);
  if (!tree) return std::unexpected(fmt::format("{}: {}", directory.string(), tree.error()));
  tree_ = std::move(*tree);
  if (!into) {
    rename_to_ = path_.filename().string();
    if (!safe_path(rename_to_)) return std::unexpected(path_.string() + " is no name for a file");
  }
  return {};
}

std::optional<std::string> Destination::target_of(const std::string& name) const {
  if (!safe_path(name)) return std::nullopt;
  if (rename_to_.empty()) return name;
  const auto slash = name.find('/');
  return slash == std::string::npos ? rename_to_ : rename_to_ + name.substr(slash);
}

std::expected<void, std::string> Destination::on_directory(const Directory& directory) {
  if (recursion_ == Recursion::kNo) {
    return std::unexpected(directory.path + " is a directory: give --recursive");
  }
  file_.reset();
  ++entries_;
  const auto target = target_of(directory.path);
  if (!target) {
    refuse(directory.path, "such a path is not allowed");
  } else if (auto made = tree_->make_directory(*target); !made) {
    refuse(directory.path, made.error());
  } else {
    directory_modes_.emplace_back(*target, directory.mode & kPermissions);
  }
  return {};
}

std::expected<void, std::string> Destination::on_file(const File& file) {
  file_.reset();
  ++entries_;
  progress_.current = file.path;
  const auto target = target_of(file.path);
  if (!target) {
    refuse(file.path, "such a path is not allowed");
    return {};
  }
  auto place = tree_->place(*target);
  if (!place) {
    refuse(file.path, place.error());
    return {};
  }
  auto incoming = IncomingFile::open(std::move(*place), file);
  if (!incoming) {
    refuse(file.path, incoming.error());
    return {};
  }
  file_.emplace(std::move(*incoming));
  if (file.size < kResumableBytes) {
    if (auto ok = file_->begin_at(0); !ok) refuse(file.path, ok.error());
    return {};
  }
  if (auto existing = file_->existing(); !existing) {
    refuse(file.path, existing.error());
  } else {
    answer(encode(*existing));
  }
  return {};
}

void Destination::on_data(ByteView data) {
  // Of a file that was refused while its content was on the way.
  if (!file_) return;
  if (auto ok = file_->write(data); !ok) {
    refuse(file_->announced().path, ok.error());
    return;
  }
  progress_.bytes += data.size();
}

void Destination::on_end(const Sha256& hash) {
  if (!file_) return;
  if (auto ok = file_->complete(hash); !ok) {
    refuse(file_->announced().path, ok.error());
    return;
  }
  file_.reset();
  ++stored_;
  ++progress_.files;
  progress_.current.clear();
  answer(encode_number(FrameType::kStored, entries_ - 1));
}

void Destination::on_abandon(std::string_view reason) {
  if (!file_) return;
  progress_.failed(file_->announced().path, std::string(reason));
  file_.reset();
  ++progress_.files;
  progress_.current.clear();
}

void Destination::refuse(const std::string& name, const std::string& reason) {
  progress_.failed(name, reason);
  answer(encode(Refused{entries_ - 1, reason}));
  progress_.current.clear();
  file_.reset();
}

void Destination::finish() {
  file_.reset();
  // The deepest first: without permission to search it, what is in a directory can't be reached.
  for (const auto& [path, mode] : directory_modes_ | std::views::reverse) {
    if (auto ok = tree_->set_mode(path, mode); !ok) progress_.failed(path, ok.error());
  }
  finished_ = true;
  answer(encode_number(FrameType::kFinished, stored_));
}

}  // namespace postern::copy

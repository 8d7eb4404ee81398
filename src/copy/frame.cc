#include "copy/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postern::copy {
namespace {

// Writes integers and bytes behind a frame header whose length is known at the end.
class Writer {
 public:
  explicit Writer(FrameType type) : bytes_(kFrameHeaderBytes) { bytes_[0] = static_cast<std::uint8_t>(type); }

  template <std::unsigned_integral Int>
  Writer& number(Int value) {
    bytes_.resize(bytes_.size() + sizeof value);
    store_be(bytes_.data() + bytes_.size() - sizeof value, value);
    return *this;
  }
  Writer& rest(ByteView view) {
    bytes_.insert(bytes_.end(), view.begin(), view.end());
    return *this;
  }
  Bytes done() {
    store_be(bytes_.data() + 1, static_cast<std::uint32_t>(bytes_.size() - kFrameHeaderBytes));
    return std::move(bytes_);
  }

 private:
  Bytes bytes_;
};

// Reads what a Writer wrote; once something is missing everything fails.
class Reader {
 public:
  explicit Reader(ByteView from) : left_(from) {}

  template <std::unsigned_integral Int>
  Int number() {
    if (left_.size() < sizeof(Int)) {
      failed_ = true;
      return 0;
    }
    const auto value = load_be<Int>(left_.data());
    left_ = left_.subspan(sizeof(Int));
    return value;
  }
  Sha256 hash() {
    Sha256 value{};
    if (left_.size() < value.size()) {
      failed_ = true;
      return value;
    }
    std::ranges::copy(left_.first(value.size()), value.begin());
    left_ = left_.subspan(value.size());
    return value;
  }
  std::string rest() { return std::string(as_text(std::exchange(left_, {}))); }
  /// All was there, and nothing is left.
  bool complete() const { return !failed_ && left_.empty(); }

 private:
  ByteView left_;
  bool failed_ = false;
};

bool known(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(FrameType::kHello) &&
          type <= static_cast<std::uint8_t>(FrameType::kFinish)) ||
         (type >= static_cast<std::uint8_t>(FrameType::kOffset) &&
          type <= static_cast<std::uint8_t>(FrameType::kFinished));
}

}  // namespace

Bytes encode(const Hello& hello) {
  return Writer(FrameType::kHello)
      .number(hello.version)
      .number(hello.roots)
      .number(hello.files)
      .number(hello.bytes)
      .done();
}

Bytes encode(const Directory& directory) {
  return Writer(FrameType::kDirectory).number(directory.mode).rest(as_bytes(directory.path)).done();
}

Bytes encode(const File& file) {
  return Writer(FrameType::kFile)
      .number(file.size)
      .number(file.mode)
      .number(static_cast<std::uint64_t>(file.mtime_nanos))
      .rest(as_bytes(file.path))
      .done();
}

Bytes encode(const Offset& offset) {
  return Writer(FrameType::kOffset).number(offset.offset).rest(offset.hash).done();
}

Bytes encode(const Refused& refused) {
  const auto reason = std::string_view(refused.reason).substr(0, kMaxTextBytes);
  return Writer(FrameType::kRefused).number(refused.entry).rest(as_bytes(reason)).done();
}

Bytes encode_number(FrameType type, std::uint64_t number) {
  return Writer(type).number(number).done();
}

Bytes encode_end(const Sha256& hash) {
  return Writer(FrameType::kEnd).rest(hash).done();
}

Bytes encode_text(FrameType type, std::string_view text) {
  return Writer(type).rest(as_bytes(text.substr(0, kMaxTextBytes))).done();
}

Bytes encode_finish() {
  return Writer(FrameType::kFinish).done();
}

void put_data_header(std::uint8_t* into, std::size_t size) {
  into[0] = static_cast<std::uint8_t>(FrameType::kData);
  store_be(into + 1, static_cast<std::uint32_t>(size));
}

std::expected<std::optional<Frame>, std::string> next_frame(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  if (!known(bytes[0])) return std::unexpected(fmt::format("a frame of the unknown type {}", bytes[0]));
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const auto length = load_be<std::uint32_t>(bytes.data() + 1);
  if (length > kMaxDataBytes) {
    return std::unexpected(fmt::format("a frame of {} bytes; at most {} are allowed", length, kMaxDataBytes));
  }
  if (bytes.size() < kFrameHeaderBytes + length) return std::nullopt;
  return Frame{static_cast<FrameType>(bytes[0]), bytes.subspan(kFrameHeaderBytes, length)};
}

std::optional<Hello> decode_hello(ByteView content) {
  Reader reader(content);
  Hello hello;
  hello.version = reader.number<std::uint32_t>();
  hello.roots = reader.number<std::uint32_t>();
  hello.files = reader.number<std::uint64_t>();
  hello.bytes = reader.number<std::uint64_t>();
  if (!reader.complete()) return std::nullopt;
  return hello;
}

std::optional<Directory> decode_directory(ByteView content) {
  Reader reader(content);
  Directory directory;
  directory.mode = reader.number<std::uint32_t>();
  directory.path = reader.rest();
  if (!reader.complete()) return std::nullopt;
  return directory;
}

std::optional<File> decode_file(ByteView content) {
  Reader reader(content);
  File file;
  file.size = reader.number<std::uint64_t>();
  file.mode = reader.number<std::uint32_t>();
  file.mtime_nanos = static_cast<std::int64_t>(reader.number<std::uint64_t>());
  file.path = reader.rest();
  if (!reader.complete()) return std::nullopt;
  return file;
}

std::optional<Offset> decode_offset(ByteView content) {
  Reader reader(content);
  Offset offset;
  offset.offset = reader.number<std::uint64_t>();
  offset.hash = reader.hash();
  if (!reader.complete()) return std::nullopt;
  return offset;
}

std::optional<Refused> decode_refused(ByteView content) {
  Reader reader(content);
  Refused refused;
  refused.entry = reader.number<std::uint64_t>();
  refused.reason = reader.rest();
  if (!reader.complete()) return std::nullopt;
  return refused;
}

std::optional<std::uint64_t> decode_number(ByteView content) {
  Reader reader(content);
  const auto number = reader.number<std::uint64_t>();
  if (!reader.complete()) return std::nullopt;
  return number;
}

std::optional<Sha256> decode_end(ByteView content) {
  Reader reader(content);
  const auto hash = reader.hash();
  if (!reader.complete()) return std::nullopt;
  return hash;
}

bool safe_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.contains('\0')) return false;
  for (;;) {
    const auto slash = path.find('/');
    const auto component = path.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace postern::copy

#include "wire/mux_frame.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace postern::wire {
namespace {

struct Lengths {
  std::size_t least;
  std::size_t most;
};

Lengths lengths_of(MuxCommand command, MuxDialect dialect) {
  switch (command) {
    case MuxCommand::kSyn:
      return {0, dialect == MuxDialect::kFlow ? kMuxMaxTargetBytes : 0};
    case MuxCommand::kPsh:
      return {0, UINT16_MAX};
    case MuxCommand::kUpd:
    case MuxCommand::kReturn:
      return {kMuxAmountBytes, kMuxAmountBytes};
    case MuxCommand::kRst:
      return {0, kMuxMaxReasonBytes};
    case MuxCommand::kCtl:
      return {1, kMuxMaxControlBytes};
    case MuxCommand::kFin:
    case MuxCommand::kNop:
    case MuxCommand::kAccept:
    case MuxCommand::kReclaim:
      break;
  }
  return {0, 0};
}

}  // namespace

std::string_view to_string(MuxFrameError error) {
  switch (error) {
    case MuxFrameError::kBadVersion:
      return "version is not 1";
    case MuxFrameError::kUnknownCommand:
      return "unknown command";
    case MuxFrameError::kBadLength:
      return "length does not suit the command";
  }
  return "malformed";
}

std::expected<MuxHeader, MuxFrameError> parse_mux_header(std::span<const std::uint8_t, kMuxHeaderBytes> bytes,
                                                         MuxDialect dialect) {
  if (bytes[0] != kMuxVersion) return std::unexpected(MuxFrameError::kBadVersion);
  const auto last = dialect == MuxDialect::kFlow ? MuxCommand::kReturn : MuxCommand::kNop;
  if (bytes[1] > std::to_underlying(last)) return std::unexpected(MuxFrameError::kUnknownCommand);
  const MuxHeader header{static_cast<MuxCommand>(bytes[1]), load_le<std::uint16_t>(bytes.data() + 2),
                         load_le<std::uint32_t>(bytes.data() + 4)};
  const auto lengths = lengths_of(header.command, dialect);
  if (header.length < lengths.least || header.length > lengths.most)
    return std::unexpected(MuxFrameError::kBadLength);
  return header;
}

void write_mux_header(const MuxHeader& header, std::span<std::uint8_t, kMuxHeaderBytes> to) {
  to[0] = kMuxVersion;
  to[1] = std::to_underlying(header.command);
  store_le(to.data() + 2, header.length);
  store_le(to.data() + 4, header.stream_id);
}

void append_mux_frame(Bytes& out, MuxCommand command, std::uint32_t stream_id, ByteView data) {
  POSTERN_CHECK(data.size() <= UINT16_MAX);
  std::array<std::uint8_t, kMuxHeaderBytes> header;
  write_mux_header({command, static_cast<std::uint16_t>(data.size()), stream_id}, header);
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data.begin(), data.end());
}

void append_mux_amount(Bytes& out, MuxCommand command, std::uint32_t stream_id, std::uint32_t bytes) {
  std::array<std::uint8_t, kMuxAmountBytes> data;
  store_le(data.data(), bytes);
  append_mux_frame(out, command, stream_id, data);
}

std::uint32_t MuxParser::Part::amount() const {
  POSTERN_CHECK(data.size() == kMuxAmountBytes);
  return load_le<std::uint32_t>(data.data());
}

std::expected<std::optional<MuxParser::Part>, MuxFrameError> MuxParser::next(ByteView& bytes) {
  while (true) {
    if (!current_) {
      const auto taken = take_header(bytes);
      if (!taken) return std::unexpected(taken.error());
      if (!*taken) return std::nullopt;
    }
    if (current_->command == MuxCommand::kPsh && left_ == 0) {
      current_.reset();
      continue;
    }
    return take_data(bytes);
  }
}

/// True once `current_` is set.
std::expected<bool, MuxFrameError> MuxParser::take_header(ByteView& bytes) {
  auto header = bytes;
  if (header_size_ > 0 || bytes.size() < kMuxHeaderBytes) {
    const auto taken = std::min(bytes.size(), kMuxHeaderBytes - header_size_);
    std::ranges::copy(bytes.first(taken), header_bytes_.begin() + static_cast<std::ptrdiff_t>(header_size_));
    header_size_ += taken;
    bytes = bytes.subspan(taken);
    if (header_size_ < kMuxHeaderBytes) return false;
    header_size_ = 0;
    header = header_bytes_;
  } else {
    bytes = bytes.subspan(kMuxHeaderBytes);
  }
  const auto parsed = parse_mux_header(header.first<kMuxHeaderBytes>(), dialect_);
  if (!parsed) return std::unexpected(parsed.error());
  current_ = *parsed;
  left_ = parsed->length;
  collected_.clear();
  return true;
}

std::optional<MuxParser::Part> MuxParser::take_data(ByteView& bytes) {
  const auto header = *current_;
  auto data = bytes.first(std::min(left_, bytes.size()));
  bytes = bytes.subspan(data.size());
  left_ -= data.size();
  if (left_ == 0) current_.reset();
  if (header.command == MuxCommand::kPsh) {
    if (data.empty()) return std::nullopt;
    return Part{header, data};
  }
  const bool whole = data.size() == header.length;
  if (!whole) collected_.insert(collected_.end(), data.begin(), data.end());
  if (left_ > 0) return std::nullopt;
  return Part{header, whole ? data : ByteView(collected_)};
}

}  // namespace postern::wire

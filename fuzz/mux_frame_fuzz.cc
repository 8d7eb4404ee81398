#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "wire/mux_frame.h"

using namespace postern;

namespace {

struct Frame {
  wire::MuxHeader header;
  Bytes data;
  bool operator==(const Frame&) const = default;
};

struct Parsed {
  std::vector<Frame> frames;
  std::optional<wire::MuxFrameError> error;
  bool operator==(const Parsed&) const = default;
};

Parsed parse(ByteView input, wire::MuxDialect dialect, std::size_t piece_bytes) {
  wire::MuxParser parser(dialect);
  Parsed parsed;
  std::size_t psh_left = 0;
  while (!input.empty()) {
    auto piece = input.first(std::min(piece_bytes, input.size()));
    input = input.subspan(piece.size());
    while (true) {
      const auto part = parser.next(piece);
      if (!part) {
        parsed.error = part.error();
        return parsed;
      }
      if (!*part) break;
      const auto& [header, data] = **part;
      if (psh_left == 0) parsed.frames.push_back({header, {}});
      auto& frame = parsed.frames.back();
      if (frame.header != header) std::abort();
      frame.data.insert(frame.data.end(), data.begin(), data.end());
      if (frame.data.size() > header.length) std::abort();
      const bool psh = header.command == wire::MuxCommand::kPsh;
      psh_left = psh ? header.length - frame.data.size() : 0;
      if (!psh && frame.data.size() != header.length) std::abort();
    }
    if (!piece.empty()) std::abort();
  }
  return parsed;
}

}  // namespace

// The same frames are found wherever the stream is cut, and writing them gives what was read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto dialect = (data[0] & 1) != 0 ? wire::MuxDialect::kFlow : wire::MuxDialect::kSmux;
  const ByteView input(data + 2, size - 2);
  const auto whole = parse(input, dialect, size);
  if (parse(input, dialect, 1 + data[1]) != whole || parse(input, dialect, 1) != whole) std::abort();
  Bytes again;
  for (const auto& frame : whole.frames) {
    if (frame.data.size() == frame.header.length)
      wire::append_mux_frame(again, frame.header.command, frame.header.stream_id, frame.data);
  }
  const auto reparsed = parse(again, dialect, size + 1);
  if (reparsed.error) std::abort();
  for (std::size_t i = 0; i < reparsed.frames.size(); ++i) {
    if (reparsed.frames[i] != whole.frames[i]) std::abort();
  }
  return 0;
}

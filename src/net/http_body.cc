#include "net/http_body.h"

#include <algorithm>

namespace postern::net {
namespace {

/// All chunk sizes and extensions and the trailer of a message together may take this and as much as its
/// body.
constexpr std::size_t kMaxFramingBytes = 16 * 1024;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What may be within a line whose content is dropped: no control characters but the tab.
bool is_line_text(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

}  // namespace

HttpBody HttpBody::none() {
  return {State::kDone, 0, 0};
}

HttpBody HttpBody::of_length(std::uint64_t length, std::size_t max_bytes) {
  return {length == 0 ? State::kDone : State::kData, length, max_bytes};
}

HttpBody HttpBody::chunked(std::size_t max_bytes) {
  return {State::kSizeFirstDigit, 0, max_bytes};
}

HttpBody HttpBody::until_end(std::size_t max_bytes) {
  return {State::kUntilEnd, 0, max_bytes};
}

std::expected<std::size_t, Errc> HttpBody::feed(std::string_view bytes) {
  if (state_ == State::kData && left_ > max_bytes_) return std::unexpected(Errc::kHttpBodyTooLarge);
  std::size_t taken = 0;
  while (taken < bytes.size() && !done()) {
    const bool is_content =
        state_ == State::kData || state_ == State::kUntilEnd || state_ == State::kChunkData;
    if (!is_content) {
      const auto next = step(bytes[taken++]);
      if (!next) return std::unexpected(next.error());
      state_ = *next;
      continue;
    }
    auto content = bytes.substr(taken);
    if (state_ != State::kUntilEnd) {
      content = content.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, content.size())));
      left_ -= content.size();
    }
    if (content.size() > max_bytes_ - body_.size()) return std::unexpected(Errc::kHttpBodyTooLarge);
    body_ += content;
    taken += content.size();
    if (left_ == 0 && state_ == State::kData) state_ = State::kDone;
    if (left_ == 0 && state_ == State::kChunkData) state_ = State::kChunkCr;
  }
  return taken;
}

std::expected<HttpBody::State, Errc> HttpBody::step(char c) {
  if (++framing_bytes_ > kMaxFramingBytes + body_.size()) return std::unexpected(Errc::kHttpBodyTooLarge);
  switch (state_) {
    case State::kSizeFirstDigit:
    case State::kSize:
      if (const int digit = hex_digit(c); digit >= 0) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        // Checked with every digit, so that the size can't overflow.
        if (left_ > max_bytes_ - body_.size()) return std::unexpected(Errc::kHttpBodyTooLarge);
        return State::kSize;
      }
      if (state_ == State::kSizeFirstDigit) break;
      if (c == '\r') return State::kSizeLf;
      if (c == ';' || c == ' ' || c == '\t') return State::kExtension;
      break;
    case State::kExtension:
      if (c == '\r') return State::kSizeLf;
      if (is_line_text(c)) return State::kExtension;
      break;
    case State::kSizeLf:
      if (c == '\n') return left_ > 0 ? State::kChunkData : State::kTrailerStart;
      break;
    case State::kChunkCr:
      if (c == '\r') return State::kChunkLf;
      break;
    case State::kChunkLf:
      if (c == '\n') return State::kSizeFirstDigit;
      break;
    case State::kTrailerStart:
      if (c == '\r') return State::kLastLf;
      if (is_line_text(c)) return State::kTrailer;
      break;
    case State::kTrailer:
      if (c == '\r') return State::kTrailerLf;
      if (is_line_text(c)) return State::kTrailer;
      break;
    case State::kTrailerLf:
      if (c == '\n') return State::kTrailerStart;
      break;
    case State::kLastLf:
      if (c == '\n') return State::kDone;
      break;
    case State::kData:
    case State::kUntilEnd:
    case State::kChunkData:
    case State::kDone:
      break;
  }
  return std::unexpected(Errc::kHttpMalformed);
}

std::expected<void, Errc> HttpBody::finish() {
  if (state_ == State::kUntilEnd) state_ = State::kDone;
  if (!done()) return std::unexpected(Errc::kHttpEndedEarly);
  return {};
}

}  // namespace postern::net

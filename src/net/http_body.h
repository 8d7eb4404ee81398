#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/error.h"

namespace postern::net {

/// Takes a message body out of the bytes behind the header, as RFC 9112 section 6.3 frames it. Ours rather
/// than Beast 1.81's, whose chunk parser fails an assertion when a peer cuts the last chunk at the wrong
/// place (boostorg/beast#2861) and puts no limit on chunk extensions and trailers.
class HttpBody {
 public:
  static HttpBody none();
  static HttpBody of_length(std::uint64_t length, std::size_t max_bytes);
  static HttpBody chunked(std::size_t max_bytes);
  /// A response without either ends with its connection.
  static HttpBody until_end(std::size_t max_bytes);

  /// Takes bytes from the front and says how many: all of them, unless the body ends before. Errors are
  /// kHttpMalformed and kHttpBodyTooLarge. Chunk extensions and trailer fields are dropped.
  std::expected<std::size_t, Errc> feed(std::string_view bytes);
  /// The stream ended.
  std::expected<void, Errc> finish();
  bool done() const { return state_ == State::kDone; }
  std::string take() { return std::move(body_); }

 private:
  enum class State {
    kData,
    kUntilEnd,
    // Within chunked framing, named for what is expected next.
    kSizeFirstDigit,
    kSize,
    kExtension,
    kSizeLf,
    kChunkData,
    kChunkCr,
    kChunkLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kLastLf,
    kDone,
  };

  HttpBody(State state, std::uint64_t left, std::size_t max_bytes)
      : state_(state), left_(left), max_bytes_(max_bytes) {}
  /// One byte of the framing; the state afterwards, or nothing when it has no place here.
  std::expected<State, Errc> step(char c);

  State state_;
  /// Of the body or of the chunk.
  std::uint64_t left_;
  std::size_t max_bytes_;
  /// Bytes of size lines and trailers so far.
  std::size_t framing_bytes_ = 0;
  std::string body_;
};

}  // namespace postern::net

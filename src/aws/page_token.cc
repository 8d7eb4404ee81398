#include "aws/page_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"

namespace postern::aws {
namespace {

// The length goes first, so that no payload can pass for another purpose's.
Sha256 mac(ByteView payload, std::string_view purpose, const Secret& key) {
  Bytes text = to_bytes(std::to_string(purpose.size()) + ':');
  text.insert(text.end(), purpose.begin(), purpose.end());
  text.insert(text.end(), payload.begin(), payload.end());
  return hmac_sha256(as_bytes(key.reveal()), text);
}

std::unexpected<ApiError> invalid() {
  return std::unexpected(kInvalidNextToken("The specified token isn't valid."));
}

}  // namespace

std::string encode_page_token(std::string_view payload, std::string_view purpose, const Secret& key) {
  Bytes bytes = to_bytes(payload);
  const auto code = mac(bytes, purpose, key);
  bytes.insert(bytes.end(), code.begin(), code.end());
  auto text = to_base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::expected<std::string, ApiError> decode_page_token(std::string_view token, std::string_view purpose,
                                                       const Secret& key) {
  std::string text(token);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() < Sha256{}.size()) return invalid();
  const ByteView all = *bytes;
  const auto payload = all.first(all.size() - Sha256{}.size());
  if (!equal_in_constant_time(mac(payload, purpose, key), all.last(Sha256{}.size()))) return invalid();
  return std::string(as_text(payload));
}

}  // namespace postern::aws

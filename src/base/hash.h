#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace postern {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView data);
inline Sha256 sha256(std::string_view text) {
  return sha256(as_bytes(text));
}

/// Lower-case hexadecimal SHA-256, the form that SigV4 and stored tokens use.
std::string sha256_hex(std::string_view text);

/// RFC 2104 over SHA-256.
Sha256 hmac_sha256(ByteView key, ByteView data);

/// SHA-256 of data that arrives in pieces.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept = default;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept = default;
  void update(ByteView data);
  /// Of what came so far; more may come.
  Sha256 so_far() const;
  /// Ends the hash; the object may not be used afterwards.
  Sha256 finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Takes the same time wherever the inputs differ; the lengths are not secret.
bool equal_in_constant_time(ByteView a, ByteView b);
inline bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return equal_in_constant_time(as_bytes(a), as_bytes(b));
}

}  // namespace postern

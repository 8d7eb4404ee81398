#pragma once

#include <string>

#include "base/hash.h"
#include "base/random.h"

namespace postern::auth {

/// A fresh bearer token of 256 random bits, and the hash under which it is kept.
struct Token {
  std::string value;
  std::string hash;

  static Token make() {
    // 43 characters of 62 are a little more than 256 bits.
    Token token{random_text(43, kAlphanumeric), {}};
    token.hash = sha256_hex(token.value);
    return token;
  }
};

/// Whether `presented` is the token behind `hash`, in constant time; an empty hash matches nothing.
inline bool token_matches(std::string_view presented, std::string_view hash) {
  return !hash.empty() && equal_in_constant_time(sha256_hex(presented), hash);
}

}  // namespace postern::auth

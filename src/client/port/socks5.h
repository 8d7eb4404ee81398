#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern::client {

/// The server's side of SOCKS version 5 (RFC 1928) as a machine over bytes, for `postern forward -D`: CONNECT
/// without authentication, to IPv4 and IPv6 addresses and names.
///
///     greeting   05 | n | n methods                                   answered 05 00
///     request    05 | 01 | 00 | type | address | port (2)             answered by success() or failure()
///     address    type 1: 4 bytes; 3: a length and a name; 4: 16 bytes
///
/// It is fed exactly what it needs, so nothing behind the request is ever taken for a part of it.
class Socks5 {
 public:
  /// The most that needed() asks for.
  static constexpr std::size_t kMaxNeededBytes = 257;

  struct Step {
    /// For the client.
    Bytes reply;
    /// What it wants to reach, `HOST:PORT` with brackets around IPv6: the negotiation waits for success() or
    /// failure().
    std::optional<std::string> destination;
    /// The connection can't be used: close it after `reply`. Why, for the person.
    std::string failure;
  };

  /// How many more bytes the next step takes; 0 when the negotiation is over.
  std::size_t needed() const { return needed_; }
  /// Bytes that have arrived, at most needed().
  Step feed(ByteView bytes);

  /// The answers to a request.
  static Bytes success();
  /// With the code that suits `reason` best.
  static Bytes failure(std::string_view reason);

 private:
  enum class State { kGreeting, kMethods, kRequest, kNameLength, kAddress, kDone };

  Step on_greeting();
  Step on_methods();
  Step on_request();
  Step on_address();
  Step refuse(Bytes reply, std::string why);
  void expect(State state, std::size_t bytes);

  State state_ = State::kGreeting;
  std::size_t needed_ = 2;
  Bytes received_;
  std::uint8_t address_type_ = 0;
};

}  // namespace postern::client

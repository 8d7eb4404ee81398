#include "client/port/socks5.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "client/port/local_address.h"

namespace postern::client {
namespace {

constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kNoAuthentication = 0;
constexpr std::uint8_t kNoMethod = 0xff;
constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kName = 3;
constexpr std::uint8_t kIpv6 = 4;
constexpr std::size_t kPortBytes = 2;

enum class Code : std::uint8_t {
  kSucceeded = 0,
  kFailed = 1,
  kNotAllowed = 2,
  kNetworkUnreachable = 3,
  kHostUnreachable = 4,
  kRefused = 5,
  kUnknownCommand = 7,
  kUnknownAddressType = 8,
};

// The bound address says nothing here: the connection is made by the node.
Bytes reply_with(Code code) {
  return {kVersion, static_cast<std::uint8_t>(code), 0, kIpv4, 0, 0, 0, 0, 0, 0};
}

std::string address_text(int family, const std::uint8_t* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes, text.data(), text.size());
  return text.data();
}

bool is_address_literal(const std::string& text) {
  std::array<std::uint8_t, 16> address;
  return ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

}  // namespace

Socks5::Step Socks5::feed(ByteView bytes) {
  POSTERN_CHECK(bytes.size() <= needed_);
  received_.insert(received_.end(), bytes.begin(), bytes.end());
  needed_ -= bytes.size();
  if (needed_ > 0) return {};
  switch (state_) {
    case State::kGreeting:
      return on_greeting();
    case State::kMethods:
      return on_methods();
    case State::kRequest:
      return on_request();
    case State::kNameLength:
      if (received_[0] == 0) return refuse(reply_with(Code::kFailed), "an empty host name");
      expect(State::kAddress, received_[0] + kPortBytes);
      return {};
    case State::kAddress:
      return on_address();
    case State::kDone:
      break;
  }
  return {};
}

void Socks5::expect(State state, std::size_t bytes) {
  state_ = state;
  needed_ = bytes;
  received_.clear();
}

Socks5::Step Socks5::refuse(Bytes reply, std::string why) {
  expect(State::kDone, 0);
  return {.reply = std::move(reply), .destination = {}, .failure = std::move(why)};
}

Socks5::Step Socks5::on_greeting() {
  if (received_[0] != kVersion)
    return refuse({}, fmt::format("expected SOCKS version 5, found {}", received_[0]));
  if (received_[1] == 0) return refuse({kVersion, kNoMethod}, "a SOCKS client without any method");
  expect(State::kMethods, received_[1]);
  return {};
}

Socks5::Step Socks5::on_methods() {
  if (std::ranges::find(received_, kNoAuthentication) == received_.end())
    return refuse({kVersion, kNoMethod}, "a SOCKS client that wants to authenticate; none is needed here");
  expect(State::kRequest, 4);
  return {.reply = {kVersion, kNoAuthentication}, .destination = {}, .failure = {}};
}

Socks5::Step Socks5::on_request() {
  if (received_[0] != kVersion || received_[2] != 0)
    return refuse(reply_with(Code::kFailed), "a malformed SOCKS request");
  if (received_[1] != kConnect)
    return refuse(reply_with(Code::kUnknownCommand),
                  fmt::format("SOCKS command {}; only CONNECT (1) is possible", received_[1]));
  address_type_ = received_[3];
  switch (address_type_) {
    case kIpv4:
      expect(State::kAddress, 4 + kPortBytes);
      return {};
    case kIpv6:
      expect(State::kAddress, 16 + kPortBytes);
      return {};
    case kName:
      expect(State::kNameLength, 1);
      return {};
    default:
      return refuse(reply_with(Code::kUnknownAddressType),
                    fmt::format("SOCKS address type {}", address_type_));
  }
}

Socks5::Step Socks5::on_address() {
  const auto port = load_be<std::uint16_t>(received_.data() + received_.size() - kPortBytes);
  std::string host(as_text(received_).substr(0, received_.size() - kPortBytes));
  if (address_type_ == kIpv4) host = address_text(AF_INET, received_.data());
  if (address_type_ == kIpv6) host = address_text(AF_INET6, received_.data());
  if (port == 0) return refuse(reply_with(Code::kFailed), "a SOCKS request for port 0");
  // Some clients put an address where a name belongs.
  if (address_type_ == kName && !is_host_name(host) && !is_address_literal(host))
    return refuse(reply_with(Code::kFailed), "a SOCKS request for a malformed host name");
  expect(State::kDone, 0);
  return {.reply = {}, .destination = join_host_port(host, port), .failure = {}};
}

Bytes Socks5::success() {
  return reply_with(Code::kSucceeded);
}

Bytes Socks5::failure(std::string_view reason) {
  struct Known {
    std::string_view part;
    Code code;
  };
  constexpr auto kKnown = std::to_array<Known>({
      {"refused", Code::kRefused},
      {"forbidden", Code::kNotAllowed},
      {"not allowed", Code::kNotAllowed},
      {"Network is unreachable", Code::kNetworkUnreachable},
      {"No route to host", Code::kHostUnreachable},
      {"not found", Code::kHostUnreachable},
      {"timed out", Code::kHostUnreachable},
  });
  for (const auto& known : kKnown) {
    if (reason.find(known.part) != std::string_view::npos) return reply_with(known.code);
  }
  return reply_with(Code::kFailed);
}

}  // namespace postern::client

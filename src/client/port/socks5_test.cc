#include "client/port/socks5.h"

#include <gtest/gtest.h>

#include <numeric>

namespace postern::client {
namespace {

/// What a client that sends all of `input` sees and asks for.
struct Outcome {
  Bytes replies;
  std::optional<std::string> destination;
  std::string failure;
  std::size_t taken = 0;

  bool operator==(const Outcome&) const = default;
};

Outcome run(ByteView input, std::size_t step_bytes) {
  Socks5 socks;
  Outcome outcome;
  while (socks.needed() > 0 && outcome.taken < input.size()) {
    const auto size = std::min({socks.needed(), step_bytes, input.size() - outcome.taken});
    auto step = socks.feed(input.subspan(outcome.taken, size));
    outcome.taken += size;
    outcome.replies.insert(outcome.replies.end(), step.reply.begin(), step.reply.end());
    if (step.destination) outcome.destination = step.destination;
    if (!step.failure.empty()) outcome.failure = step.failure;
  }
  return outcome;
}

Bytes request(Bytes address, std::uint16_t port) {
  Bytes bytes = {5, 1, 0, 5, 1, 0};
  bytes.insert(bytes.end(), address.begin(), address.end());
  bytes.push_back(static_cast<std::uint8_t>(port >> 8));
  bytes.push_back(static_cast<std::uint8_t>(port));
  return bytes;
}

Bytes name(std::string_view text) {
  Bytes bytes = {3, static_cast<std::uint8_t>(text.size())};
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

TEST(Socks5, UnderstandsEachKindOfAddressHoweverItIsCut) {
  struct Case {
    Bytes address;
    std::string destination;
  };
  Bytes ipv6(17, 0);
  ipv6[0] = 4;
  ipv6[16] = 1;
  const std::vector<Case> cases = {
      {{1, 10, 0, 0, 7}, "10.0.0.7:443"},
      {name("db.internal"), "db.internal:443"},
      {ipv6, "[::1]:443"},
      {name("2001:db8::1"), "[2001:db8::1]:443"},
      {name(std::string(255, 'a')), std::string(255, 'a') + ":443"},
  };
  for (const auto& test : cases) {
    const auto whole = run(request(test.address, 443), 1000);
    EXPECT_EQ(whole.destination, test.destination);
    EXPECT_EQ(whole.replies, (Bytes{5, 0}));
    EXPECT_EQ(whole.failure, "");
    for (std::size_t step = 1; step < 8; ++step) EXPECT_EQ(run(request(test.address, 443), step), whole);
  }
}

TEST(Socks5, TakesNothingBehindTheRequest) {
  auto bytes = request({1, 10, 0, 0, 7}, 80);
  const auto size = bytes.size();
  bytes.insert(bytes.end(), {'G', 'E', 'T'});
  EXPECT_EQ(run(bytes, 1000).taken, size);
}

TEST(Socks5, RefusesWithTheCodeAndTheReason) {
  struct Case {
    Bytes input;
    Bytes replies;
    std::string failure;
  };
  const auto refusal = [](std::uint8_t code) { return Bytes{5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0}; };
  const std::vector<Case> cases = {
      {{4, 1}, {}, "expected SOCKS version 5, found 4"},
      {{'G', 'E', 'T'}, {}, "expected SOCKS version 5, found 71"},
      {{5, 0}, {5, 0xff}, "a SOCKS client without any method"},
      {{5, 1, 2}, {5, 0xff}, "a SOCKS client that wants to authenticate; none is needed here"},
      {{5, 1, 0, 5, 2, 0, 1}, refusal(7), "SOCKS command 2; only CONNECT (1) is possible"},
      {{5, 1, 0, 5, 1, 1, 1}, refusal(1), "a malformed SOCKS request"},
      {{5, 1, 0, 4, 1, 0, 1}, refusal(1), "a malformed SOCKS request"},
      {{5, 1, 0, 5, 1, 0, 9}, refusal(8), "SOCKS address type 9"},
      {request(name(""), 80), refusal(1), "an empty host name"},
      {request(name("a b"), 80), refusal(1), "a SOCKS request for a malformed host name"},
      {request(name("a:1"), 80), refusal(1), "a SOCKS request for a malformed host name"},
      {request({1, 10, 0, 0, 7}, 0), refusal(1), "a SOCKS request for port 0"},
  };
  for (const auto& test : cases) {
    const auto outcome = run(test.input, 1000);
    EXPECT_EQ(outcome.failure, test.failure);
    EXPECT_EQ(outcome.replies, test.replies) << test.failure;
    EXPECT_FALSE(outcome.destination) << test.failure;
  }
}

TEST(Socks5, SurvivesEveryBitFlippedAndEveryTruncation) {
  const auto good = request(name("db.internal"), 5432);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(run(ByteView(good).first(size), 1000).destination);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto outcome = run(bad, 3);
    EXPECT_FALSE(outcome.destination && !outcome.failure.empty());
  }
}

TEST(Socks5, AnswersAFailureWithTheCodeThatSuits) {
  EXPECT_EQ(Socks5::success()[1], 0);
  EXPECT_EQ(Socks5::failure("Connection refused")[1], 5);
  EXPECT_EQ(Socks5::failure("Forwarding to this address is forbidden.")[1], 2);
  EXPECT_EQ(Socks5::failure("Host not found (authoritative)")[1], 4);
  EXPECT_EQ(Socks5::failure("whatever")[1], 1);
}

}  // namespace
}  // namespace postern::client

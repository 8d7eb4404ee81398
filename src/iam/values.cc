#include "iam/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>
#include <string>

#include "base/bytes.h"
#include "iam/text.h"

namespace postern::iam {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The digits of the front are taken away.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !all_digits(text.substr(0, count))) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Timestamp> date_only(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date));
}

std::optional<std::chrono::microseconds> fraction_of_second(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || end > 9) return std::nullopt;
  auto digits = std::string(text.substr(0, end));
  digits.resize(6, '0');
  text.remove_prefix(end);
  return std::chrono::microseconds(std::stol(digits));
}

std::optional<std::chrono::minutes> zone(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  const bool colon = take(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59 || !text.empty()) return std::nullopt;
  static_cast<void>(colon);
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

// After the T.
std::optional<Timestamp> with_time(Timestamp day, std::string_view text) {
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  Timestamp time = day + std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  if (take(text, ':')) {
    const auto seconds = take_digits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    time += std::chrono::seconds(*seconds);
    if (take(text, '.')) {
      const auto fraction = fraction_of_second(text);
      if (!fraction) return std::nullopt;
      time += *fraction;
    }
  }
  const auto offset = zone(text);
  if (!offset) return std::nullopt;
  return time - *offset;
}

std::optional<Timestamp> epoch_seconds(std::string_view text) {
  const auto number = parse_decimal(text);
  // Beyond year 9999 in either direction nothing can be meant.
  constexpr std::int64_t kMost = 253'402'300'800;
  if (!number || number->whole > kMost || number->whole < -kMost) return std::nullopt;
  return Timestamp(std::chrono::seconds(number->whole) +
                   std::chrono::microseconds(number->fraction / 1'000'000'000'000));
}

// Four decimal numbers without leading zeros, as inet_pton takes them; every request has an address, so this
// one is quick.
bool parse_v4(std::string_view text, IpAddress& out) {
  for (int part = 0; part < 4; ++part) {
    if (part != 0 && !take(text, '.')) return false;
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9')
      value = value * 10 + static_cast<unsigned>(text[digits++] - '0');
    if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && text.front() == '0')) return false;
    out.bytes[static_cast<std::size_t>(part)] = static_cast<std::uint8_t>(value);
    text.remove_prefix(digits);
  }
  return text.empty();
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto point = text.find('.');
  auto whole = text.substr(0, point);
  auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (!all_digits(whole) || (point != std::string_view::npos && !all_digits(fraction))) return std::nullopt;
  while (whole.size() > 1 && whole.starts_with('0')) whole.remove_prefix(1);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  constexpr std::size_t kDigits = 18;
  if (whole.size() > kDigits || fraction.size() > kDigits) return std::nullopt;
  Decimal out;
  std::from_chars(whole.data(), whole.data() + whole.size(), out.whole);
  for (std::size_t i = 0; i < kDigits; ++i)
    out.fraction = out.fraction * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  if (negative) out = {-out.whole, -out.fraction};
  return out;
}

std::optional<Timestamp> parse_date(std::string_view text) {
  auto rest = text;
  const auto year = take_digits(rest, 4);
  if (!year || (!rest.empty() && !rest.starts_with('-'))) return epoch_seconds(text);
  if (rest.empty()) return date_only(*year, 1, 1);
  take(rest, '-');
  const auto month = take_digits(rest, 2);
  if (!month) return std::nullopt;
  if (rest.empty()) return date_only(*year, *month, 1);
  if (!take(rest, '-')) return std::nullopt;
  const auto day = take_digits(rest, 2);
  if (!day) return std::nullopt;
  const auto date = date_only(*year, *month, *day);
  if (!date || rest.empty()) return date;
  if (!take(rest, 'T') && !take(rest, 't')) return std::nullopt;
  return with_time(*date, rest);
}

std::optional<bool> parse_bool(std::string_view text) {
  // As they mostly are; then as they may be.
  if (text == "true") return true;
  if (text == "false") return false;
  if (equal_folded(text, "true")) return true;
  if (equal_folded(text, "false")) return false;
  return std::nullopt;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  IpAddress out;
  if (parse_v4(text, out)) return out;
  std::array<char, INET6_ADDRSTRLEN + 1> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  if (::inet_pton(AF_INET6, terminated.data(), out.bytes.data()) != 1) return std::nullopt;
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::ranges::equal(kMapped, std::span(out.bytes).first(12))) {
    IpAddress v4;
    std::ranges::copy(std::span(out.bytes).last(4), v4.bytes.begin());
    return v4;
  }
  out.family = IpAddress::Family::kV6;
  return out;
}

bool IpRange::contains(const IpAddress& other) const {
  if (other.family != address.family) return false;
  if (bits == 0) return true;
  const auto difference = [&](std::size_t at) {
    return load_be<std::uint64_t>(&address.bytes[at]) ^ load_be<std::uint64_t>(&other.bytes[at]);
  };
  if (bits <= 64) return difference(0) >> (64 - bits) == 0;
  return difference(0) == 0 && difference(8) >> (128 - bits) == 0;
}

std::optional<IpRange> parse_ip_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool v4 = address->family == IpAddress::Family::kV4;
  const bool mapped = v4 && text.substr(0, slash).find(':') != std::string_view::npos;
  unsigned bits = v4 ? 32 : 128;
  if (slash == std::string_view::npos) return IpRange{*address, bits};
  auto digits = text.substr(slash + 1);
  if (digits.size() > 3 || !all_digits(digits)) return std::nullopt;
  unsigned given = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), given);
  if (mapped) {
    if (given < 96) return std::nullopt;
    given -= 96;
  }
  if (given > bits) return std::nullopt;
  return IpRange{*address, given};
}

}  // namespace postern::iam

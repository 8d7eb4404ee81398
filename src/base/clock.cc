#include "base/clock.h"

#include <fmt/format.h>

#include <charconv>

namespace postern {
namespace {

using namespace std::chrono;

struct Fields {
  year_month_day date;
  hh_mm_ss<microseconds> time;
};

Fields split(Timestamp time) {
  const auto day = floor<days>(time);
  return {year_month_day{day}, hh_mm_ss<microseconds>{time - day}};
}

// Takes exactly `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<sys_days> make_date(std::optional<int> y, std::optional<int> m, std::optional<int> d) {
  if (!y || !m || !d) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::optional<microseconds> make_time(std::optional<int> h, std::optional<int> m, std::optional<int> s) {
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  return hours{*h} + minutes{*m} + seconds{*s};
}

// A fraction of a second after the dot; digits beyond microseconds are read and dropped.
std::optional<microseconds> take_fraction(std::string_view& text) {
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  return microseconds{micros};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return minutes{0};
  const bool negative = text.starts_with('-');
  if (!negative && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto h = take_digits(text, 2);
  take(text, ':');
  const auto m = take_digits(text, 2);
  if (!h || !m || *h > 23 || *m > 59) return std::nullopt;
  const minutes offset = hours{*h} + minutes{*m};
  return negative ? -offset : offset;
}

}  // namespace

Timestamp SystemClock::now() const {
  return floor<microseconds>(system_clock::now());
}

std::int64_t to_unix_micros(Timestamp time) {
  return time.time_since_epoch().count();
}

std::int64_t to_unix_millis(Timestamp time) {
  return floor<milliseconds>(time).time_since_epoch().count();
}

Timestamp from_unix_micros(std::int64_t micros) {
  return Timestamp{microseconds{micros}};
}

std::string to_iso8601(Timestamp time, IsoFraction fraction) {
  const auto [date, clock] = split(time);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (fraction == IsoFraction::kMilliseconds) {
    text += fmt::format(".{:03}", duration_cast<milliseconds>(clock.subseconds()).count());
  }
  return text + 'Z';
}

std::optional<Timestamp> from_iso8601(std::string_view text) {
  const auto y = take_digits(text, 4);
  if (!take(text, '-')) return std::nullopt;
  const auto mo = take_digits(text, 2);
  if (!take(text, '-')) return std::nullopt;
  const auto date = make_date(y, mo, take_digits(text, 2));
  if (!date) return std::nullopt;
  if (text.empty()) return Timestamp{*date};
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const auto mi = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const auto time = make_time(h, mi, take_digits(text, 2));
  if (!time) return std::nullopt;
  microseconds fraction{0};
  if (take(text, '.')) {
    const auto taken = take_fraction(text);
    if (!taken) return std::nullopt;
    fraction = *taken;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Timestamp{*date} + *time + fraction - *offset;
}

std::string to_amz_date(Timestamp time) {
  const auto [date, clock] = split(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<Timestamp> from_amz_date(std::string_view text) {
  const auto y = take_digits(text, 4);
  const auto mo = take_digits(text, 2);
  const auto date = make_date(y, mo, take_digits(text, 2));
  if (!date || !take(text, 'T')) return std::nullopt;
  const auto h = take_digits(text, 2);
  const auto mi = take_digits(text, 2);
  const auto time = make_time(h, mi, take_digits(text, 2));
  if (!time || text != "Z") return std::nullopt;
  return Timestamp{*date} + *time;
}

}  // namespace postern

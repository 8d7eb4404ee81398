#include "client/files/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "client/plain_text.h"

namespace postern::client {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBarColumns = 20;
constexpr std::size_t kMinNameColumns = 12;

double rate_of(const copy::Progress& progress, std::chrono::steady_clock::duration elapsed) {
  const auto seconds = std::chrono::duration_cast<Seconds>(elapsed).count();
  return seconds > 0 ? static_cast<double>(progress.bytes - progress.resumed_bytes) / seconds : 0;
}

std::string duration_text(double seconds) {
  constexpr double kLongest = 359'999;
  const auto whole = static_cast<std::uint64_t>(std::min(seconds, kLongest));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// The end of a path says more than its beginning. Bytes count as columns, so it is rather too short.
std::string shortened(const std::string& name, std::size_t columns) {
  if (name.size() <= columns) return name;
  auto begin = name.size() - columns + 3;
  while (begin < name.size() && (static_cast<unsigned char>(name[begin]) & 0xc0) == 0x80) ++begin;
  return "..." + name.substr(begin);
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format(fmt::runtime(value < 10    ? "{:.2f} {}"
                                  : value < 100 ? "{:.1f} {}"
                                                : "{:.0f} {}"),
                     value, kUnits[unit]);
}

std::string progress_line(const copy::Progress& progress, std::chrono::steady_clock::duration elapsed,
                          std::size_t width) {
  const auto total = std::max(progress.total_bytes, progress.bytes);
  const auto share = total > 0 ? static_cast<double>(progress.bytes) / static_cast<double>(total) : 1.0;
  const auto rate = rate_of(progress, elapsed);
  const auto left = rate > 0 ? duration_text(static_cast<double>(total - progress.bytes) / rate) : "-:--";
  const auto filled = static_cast<std::size_t>(share * kBarColumns);
  const auto figures =
      fmt::format(" [{}{}] {:3.0f}%  {} of {}  {}/s  {} left", std::string(filled, '='),
                  std::string(kBarColumns - filled, ' '), share * 100, human_bytes(progress.bytes),
                  human_bytes(total), human_bytes(static_cast<std::uint64_t>(rate)), left);
  const auto name_columns =
      width > figures.size() + kMinNameColumns ? width - figures.size() : kMinNameColumns;
  return (shortened(harmless(progress.current), name_columns) + figures).substr(0, width);
}

std::string copy_summary(const copy::Progress& progress, std::chrono::steady_clock::duration elapsed) {
  const auto copied = progress.files - std::min(progress.files, progress.failure_count);
  auto text = fmt::format("{} {}, {} in {}, {}/s, SHA-256 verified", copied, copied == 1 ? "file" : "files",
                          human_bytes(progress.bytes),
                          duration_text(std::chrono::duration_cast<Seconds>(elapsed).count()),
                          human_bytes(static_cast<std::uint64_t>(rate_of(progress, elapsed))));
  if (progress.resumed_bytes > 0)
    text += fmt::format("; {} were there already", human_bytes(progress.resumed_bytes));
  if (progress.failure_count > 0) text += fmt::format("; {} not copied", progress.failure_count);
  return text;
}

}  // namespace postern::client

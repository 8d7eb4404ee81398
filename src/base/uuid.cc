#include "base/uuid.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/encoding.h"
#include "base/random.h"

namespace postern {
namespace {

constexpr std::size_t kTextLength = 36;
constexpr std::array<std::size_t, 4> kHyphens = {8, 13, 18, 23};

/// Counts the forks that lie between this process and the first. A child must not use up the same stock as
/// its parent.
std::uint32_t process_generation() {
  static std::atomic<std::uint32_t> generation = 0;
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  return generation.load(std::memory_order_relaxed);
}

/// Random bytes for 64 ids. Each data message has one, and OpenSSL's generator costs about 2 us a call,
/// however little it is asked for.
class Stock {
 public:
  void take(std::span<std::uint8_t> out) {
    const auto generation = process_generation();
    if (used_ + out.size() > bytes_.size() || generation != generation_) {
      fill_random(bytes_);
      used_ = 0;
      generation_ = generation;
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(used_), out.size(), out.begin());
    used_ += out.size();
  }

 private:
  std::array<std::uint8_t, 64 * 16> bytes_;
  std::size_t used_ = sizeof bytes_;
  std::uint32_t generation_ = 0;
};

}  // namespace

Uuid Uuid::random() {
  thread_local Stock stock;
  Uuid uuid;
  stock.take(uuid.bytes);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::string digits;
  digits.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = std::ranges::find(kHyphens, i) != kHyphens.end();
    if (hyphen != (text[i] == '-')) return std::nullopt;
    if (!hyphen) digits += text[i];
  }
  const auto bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid uuid;
  std::ranges::copy(*bytes, uuid.bytes.begin());
  return uuid;
}

std::string Uuid::to_string() const {
  std::string text = to_hex(bytes);
  for (const auto at : kHyphens) text.insert(at, 1, '-');
  return text;
}

}  // namespace postern

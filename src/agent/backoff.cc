#include "agent/backoff.h"

#include <algorithm>

#include "base/random.h"

namespace postern::agent {

double random_unit() {
  constexpr std::uint64_t kSteps = std::uint64_t{1} << 53;
  return static_cast<double>(random_below(kSteps)) / static_cast<double>(kSteps);
}

std::chrono::milliseconds Backoff::next(std::chrono::milliseconds max_limit) {
  const int attempt = attempts_++;
  if (attempt == 0) return std::chrono::milliseconds(0);
  // Six doublings of a second pass the minute.
  const auto limit = std::min(max_limit, kFirstLimit * (1 << std::min(attempt - 1, 6)));
  return std::chrono::milliseconds(static_cast<std::int64_t>(random_() * static_cast<double>(limit.count())));
}

void Backoff::on_connection_lost(std::chrono::steady_clock::duration lifetime) {
  if (lifetime >= kLasting) attempts_ = 0;
}

}  // namespace postern::agent

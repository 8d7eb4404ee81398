#include "auth/password.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"

namespace postern::auth {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
// What a line in the database may ask of us at most: 256 MiB.
constexpr unsigned kMaxLogN = 18;
constexpr unsigned kMaxR = 8;
constexpr unsigned kMaxP = 16;

struct Line {
  ScryptCost cost;
  Bytes salt;
  Bytes hash;
};

std::optional<unsigned> take_number(std::string_view& text, std::string_view name, unsigned max) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  unsigned number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || number == 0 || number > max) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<Line> parse_line(std::string_view text) {
  const auto log_n = take_number(text, "$scrypt$ln=", kMaxLogN);
  const auto r = take_number(text, ",r=", kMaxR);
  const auto p = take_number(text, ",p=", kMaxP);
  if (!log_n || !r || !p || !text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos) return std::nullopt;
  auto salt = from_base64url(text.substr(0, dollar));
  auto hash = from_base64url(text.substr(dollar + 1));
  if (!salt || !hash || salt->empty() || salt->size() > 4 * kSaltBytes || hash->size() != kHashBytes)
    return std::nullopt;
  return Line{{*log_n, *r, *p}, std::move(*salt), std::move(*hash)};
}

Bytes scrypt(const Secret& password, ByteView salt, const ScryptCost& cost) {
  Bytes hash(kHashBytes);
  const std::uint64_t n = std::uint64_t{1} << cost.log_n;
  // OpenSSL asks for room for the blocks beside the big table.
  const std::uint64_t memory = 128 * std::uint64_t{cost.r} * (n + cost.p + 4);
  const auto& text = password.reveal();
  POSTERN_CHECK(EVP_PBE_scrypt(text.data(), text.size(), salt.data(), salt.size(), n, cost.r, cost.p, memory,
                               hash.data(), hash.size()) == 1);
  return hash;
}

}  // namespace

std::string hash_password(const Secret& password, const ScryptCost& cost) {
  std::array<std::uint8_t, kSaltBytes> salt{};
  fill_random(salt);
  return fmt::format("$scrypt$ln={},r={},p={}${}${}", cost.log_n, cost.r, cost.p, to_base64url(salt),
                     to_base64url(scrypt(password, salt, cost)));
}

bool verify_password(const Secret& password, std::string_view text) {
  const auto line = parse_line(text);
  if (!line || password.reveal().size() > kMaxPasswordBytes) return false;
  return equal_in_constant_time(ByteView(scrypt(password, line->salt, line->cost)), ByteView(line->hash));
}

bool verify_no_password(const Secret& password) {
  if (password.reveal().size() > kMaxPasswordBytes) return false;
  constexpr std::array<std::uint8_t, kSaltBytes> kSalt{};
  scrypt(password, kSalt, kPasswordCost);
  return false;
}

PasswordHasher::PasswordHasher(std::size_t threads) : pool_(threads) {}

PasswordHasher::~PasswordHasher() {
  pool_.join();
}

template <class T, class Work>
awaitable<std::optional<T>> PasswordHasher::on_pool(Work work) {
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    waiting_.fetch_sub(1);
    co_return std::nullopt;
  }
  // Owned by the coroutine on the pool, which runs to its end even when nobody waits any more.
  auto task = [](PasswordHasher* self, Work todo) -> awaitable<T> {
    T result = todo();
    self->waiting_.fetch_sub(1);
    co_return result;
  };
  auto running = task(this, std::move(work));
  co_return co_await boost::asio::co_spawn(pool_.get_executor(), std::move(running),
                                           boost::asio::use_awaitable);
}

awaitable<std::optional<std::string>> PasswordHasher::hash(Secret password) {
  return on_pool<std::string>([password = std::move(password)] { return hash_password(password); });
}

awaitable<std::optional<bool>> PasswordHasher::verify(Secret password, std::string text) {
  return on_pool<bool>([password = std::move(password), text = std::move(text)] {
    return text.empty() ? verify_no_password(password) : verify_password(password, text);
  });
}

}  // namespace postern::auth

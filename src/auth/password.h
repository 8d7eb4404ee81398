#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

/// Passwords of login profiles, kept as scrypt (RFC 7914) in one line of text with its parameters:
/// `$scrypt$ln=15,r=8,p=3$SALT$HASH`, salt and hash in base64url.
namespace postern::auth {

/// How hard a guess is: 2^log_n * r * 128 bytes of memory, p times over.
struct ScryptCost {
  unsigned log_n = 15;
  unsigned r = 8;
  unsigned p = 3;
  bool operator==(const ScryptCost&) const = default;
};

/// OWASP's Password Storage Cheat Sheet: one of its equal choices, and the one that takes 32 MiB at a time.
inline constexpr ScryptCost kPasswordCost{};
/// Passwords may have 1 to 128 characters in IAM; in bytes at most this.
inline constexpr std::size_t kMaxPasswordBytes = 1'024;

/// Takes about 0.2 s and 32 MiB: never on an io thread, see PasswordHasher.
std::string hash_password(const Secret& password, const ScryptCost& cost = kPasswordCost);
/// Whether `text` was made from `password`, in constant time. A text that is no such line, or one that costs
/// more than we would ever write, matches nothing.
bool verify_password(const Secret& password, std::string_view text);
/// As long as verify_password() of a right text, and false: for users without a password, so that nobody
/// learns who has one.
bool verify_no_password(const Secret& password);

/// Hashes on threads of its own, as many at a time as it has threads, so that neither io threads nor memory
/// suffer. Thread-safe; must outlive the coroutines that await it.
class PasswordHasher {
 public:
  /// Passwords that may wait or be hashed; more are refused.
  static constexpr std::size_t kMaxWaiting = 64;

  explicit PasswordHasher(std::size_t threads = 1);
  ~PasswordHasher();
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;

  /// Nothing when too many wait.
  boost::asio::awaitable<std::optional<std::string>> hash(Secret password);
  /// An empty `text` stands for nobody's password.
  boost::asio::awaitable<std::optional<bool>> verify(Secret password, std::string text);

 private:
  template <class T, class Work>
  boost::asio::awaitable<std::optional<T>> on_pool(Work work);

  std::atomic<std::size_t> waiting_ = 0;
  boost::asio::thread_pool pool_;
};

}  // namespace postern::auth

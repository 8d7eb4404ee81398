#include "store/sealer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "base/check.h"
#include "base/encoding.h"
#include "base/random.h"
#include "store/error.h"

namespace postern::store {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kOverhead = 1 + kNonceBytes + kTagBytes;
constexpr std::size_t kMaxKeyFileBytes = 256;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

enum class Direction { kDecrypt = 0, kEncrypt = 1 };

// A context that has the key, the nonce, and `additional` as the data that is authenticated but not
// encrypted.
CipherContext start(Direction direction, const Bytes& key, const std::uint8_t* nonce,
                    std::string_view additional) {
  CipherContext context(EVP_CIPHER_CTX_new());
  POSTERN_CHECK(context != nullptr);
  POSTERN_CHECK(EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce,
                                  static_cast<int>(direction)) == 1);
  if (additional.empty()) return context;
  int length = 0;
  POSTERN_CHECK(EVP_CipherUpdate(context.get(), nullptr, &length, as_bytes(additional).data(),
                                 static_cast<int>(additional.size())) == 1);
  return context;
}

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw std::runtime_error(fmt::format("the master key file {} {}", file.string(), what));
}

[[noreturn]] void fail_with_errno(const std::filesystem::path& file, std::string_view what) {
  const std::string reason = std::strerror(errno);
  fail(file, fmt::format("{}: {}", what, reason));
}

void sync_directory(const std::filesystem::path& directory) {
  const File opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.is_open()) ::fsync(opened.fd());
}

// Written beside and linked into place, so that the file is either whole or not there; a key lost
// half-written would take every sealed secret with it. Another process that was faster wins.
void create_key_file(const std::filesystem::path& file) {
  std::array<std::uint8_t, kKeyBytes> key;
  fill_random(key);
  const Secret line(to_base64(key) + "\n");
  OPENSSL_cleanse(key.data(), key.size());
  auto draft = file;
  draft += "." + random_text(8, kHexAlphabet);
  {
    const File opened(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!opened.is_open()) fail_with_errno(file, "cannot be created");
    const auto& text = line.reveal();
    if (::write(opened.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(opened.fd()) != 0) {
      const int error = errno;
      ::unlink(draft.c_str());
      errno = error;
      fail_with_errno(file, "cannot be written");
    }
  }
  const bool linked = ::link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int error = errno;
  ::unlink(draft.c_str());
  errno = error;
  if (!linked) fail_with_errno(file, "cannot be created");
  sync_directory(file.parent_path());
}

}  // namespace

Sealer::Sealer(Bytes master_key) : key_(std::move(master_key)) {
  POSTERN_CHECK(key_.size() == kKeyBytes);
}

Sealer::~Sealer() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

Sealer Sealer::from_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) create_key_file(file);
  const File opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open()) fail_with_errno(file, "cannot be opened");
  struct stat status = {};
  if (::fstat(opened.fd(), &status) != 0) fail_with_errno(file, "cannot be examined");
  if (!S_ISREG(status.st_mode)) fail(file, "is not a regular file");
  if (status.st_uid != ::geteuid()) {
    fail(file,
         fmt::format("belongs to user {}, not to user {} who runs this program; change its owner with chown",
                     status.st_uid, ::geteuid()));
  }
  if ((status.st_mode & 077) != 0) {
    fail(file, fmt::format("has mode {:04o}, so others may reach it; run: chmod 600 {}",
                           status.st_mode & 07777, file.string()));
  }
  std::string text(kMaxKeyFileBytes, '\0');
  const auto length = ::read(opened.fd(), text.data(), text.size());
  if (length < 0) fail_with_errno(file, "cannot be read");
  text.resize(static_cast<std::size_t>(length));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto key = from_base64(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!key || key->size() != kKeyBytes) {
    fail(file,
         "does not hold 32 bytes in base64; restore it from a backup: without the key that was used, stored "
         "secrets "
         "can't be read");
  }
  return Sealer(std::move(*key));
}

std::string Sealer::seal(const Secret& secret, std::string_view context) const {
  const auto& text = secret.reveal();
  Bytes sealed(kOverhead + text.size());
  sealed[0] = kVersion;
  auto* const nonce = sealed.data() + 1;
  auto* const ciphertext = nonce + kNonceBytes;
  // Random nonces under one key are safe for 2^32 values (NIST SP 800-38D, section 8.3).
  fill_random({nonce, kNonceBytes});
  const auto cipher = start(Direction::kEncrypt, key_, nonce, context);
  int length = 0;
  POSTERN_CHECK(EVP_CipherUpdate(cipher.get(), ciphertext, &length, as_bytes(text).data(),
                                 static_cast<int>(text.size())) == 1);
  int rest = 0;
  POSTERN_CHECK(EVP_CipherFinal_ex(cipher.get(), ciphertext + length, &rest) == 1);
  POSTERN_CHECK(
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, ciphertext + text.size()) == 1);
  return to_base64(sealed);
}

Secret Sealer::unseal(std::string_view sealed, std::string_view context) const {
  auto bytes = from_base64(sealed);
  if (!bytes || bytes->size() < kOverhead) throw StoreError("a sealed value is malformed");
  if (bytes->front() != kVersion) throw StoreError("a sealed value has an unknown version");
  const auto length = bytes->size() - kOverhead;
  const auto* const nonce = bytes->data() + 1;
  const auto* const ciphertext = nonce + kNonceBytes;
  const auto cipher = start(Direction::kDecrypt, key_, nonce, context);
  std::string text(length, '\0');
  auto* const out = reinterpret_cast<std::uint8_t*>(text.data());
  int written = 0;
  POSTERN_CHECK(EVP_CipherUpdate(cipher.get(), out, &written, ciphertext, static_cast<int>(length)) == 1);
  POSTERN_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                                    bytes->data() + bytes->size() - kTagBytes) == 1);
  Secret secret(std::move(text));
  int rest = 0;
  std::uint8_t none = 0;
  if (EVP_CipherFinal_ex(cipher.get(), &none, &rest) != 1) {
    throw StoreError("a sealed value was altered, moved, or sealed under another master key");
  }
  return secret;
}

}  // namespace postern::store

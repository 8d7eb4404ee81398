#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace postern::store {

/// Seals secrets with AES-256-GCM under the master key: base64(version 1 | nonce 12 | ciphertext | tag 16),
/// bound to a context (table, column and row), so that a sealed value can't be moved to another row.
class Sealer {
 public:
  /// 32 bytes.
  explicit Sealer(Bytes master_key);
  Sealer(const Sealer&) = default;
  Sealer(Sealer&&) noexcept = default;
  /// Wipes the key.
  ~Sealer();

  /// Reads the key file (base64, mode 0600 or stricter, owned by us), or creates it. Throws
  /// std::runtime_error saying what is wrong with the file and how to mend it.
  static Sealer from_file(const std::filesystem::path& file);

  std::string seal(const Secret& secret, std::string_view context) const;
  /// Throws StoreError when the value was altered, or sealed under another key or context.
  Secret unseal(std::string_view sealed, std::string_view context) const;

 private:
  Bytes key_;
};

}  // namespace postern::store

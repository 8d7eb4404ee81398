#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "auth/jwks.h"
#include "auth/jwt.h"
#include "aws/error.h"
#include "base/clock.h"

namespace postern::auth {

/// The keys of OpenID Connect providers, fetched when they are needed and kept for a while. Thread-safe; must
/// outlive the coroutines that await it.
class OidcKeys {
 public:
  /// Gets the document at an https address, or says why not. Blocks: it is called on threads of ours, and
  /// must give up after some seconds.
  using Fetch = std::function<std::expected<std::string, std::string>(const std::string& url)>;

  /// Keys are fetched again after this long, so that one that the provider has withdrawn is soon worth
  /// nothing.
  static constexpr std::chrono::minutes kFresh{10};
  /// While the provider can't be reached, they are used for this long.
  static constexpr std::chrono::hours kStale{1};
  /// A token with a key that we don't know makes us fetch, since the provider may have a new one; but no more
  /// often than this, since anybody can send such tokens.
  static constexpr std::chrono::minutes kUnknownKeyPause{1};
  /// How soon a fetch that failed is tried again.
  static constexpr std::chrono::seconds kFailurePause{2};
  static constexpr std::size_t kMaxWaiting = 128;
  static constexpr std::size_t kMaxProviders = 1'000;

  OidcKeys(Fetch fetch, const Clock& clock);
  ~OidcKeys();
  OidcKeys(const OidcKeys&) = delete;
  OidcKeys& operator=(const OidcKeys&) = delete;

  /// Whether the provider signed the token. Errors: InvalidIdentityToken, IDPCommunicationError, and
  /// ThrottlingException when too many wait.
  boost::asio::awaitable<std::expected<void, aws::ApiError>> verify(std::string provider_url, Jwt token);
  /// Forgets what was fetched: the provider has been deleted.
  void forget(const std::string& provider_url);

 private:
  struct Provider {
    std::string url;
    /// Held while fetching, so that those who wait for the same keys don't fetch them too.
    std::mutex fetching;
    // Guarded by OidcKeys::mutex_.
    std::optional<KeySet> keys;
    Timestamp fetched;
    /// Last because of a key that was not among them.
    Timestamp fetched_for_unknown;
    Timestamp failed;
    std::string failure;
  };

  std::shared_ptr<Provider> find(const std::string& url);
  std::optional<KeySet> usable(Provider& provider, const Jwt& token, std::chrono::microseconds age) const;
  bool may_fetch(Provider& provider);
  std::expected<KeySet, std::string> fetch_keys(const std::string& provider_url) const;
  std::expected<void, aws::ApiError> verify_blocking(Provider& provider, const Jwt& token);

  const Fetch fetch_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Provider>> providers_;
  std::atomic<std::size_t> waiting_ = 0;
  boost::asio::thread_pool pool_;
};

}  // namespace postern::auth

#include "auth/oidc_keys.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"

namespace postern::auth {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kThreads = 2;

std::expected<void, aws::ApiError> check_signature(const KeySet& keys, const Jwt& token) {
  if (keys.verifies(token)) return {};
  return std::unexpected(aws::kInvalidIdentityToken(
      keys.has_key_for(token)
          ? "The web identity token is not valid: its signature is wrong."
          : "The web identity token is not valid: the provider has no such signing key."));
}

}  // namespace

OidcKeys::OidcKeys(Fetch fetch, const Clock& clock)
    : fetch_(std::move(fetch)), clock_(clock), pool_(kThreads) {}

OidcKeys::~OidcKeys() {
  pool_.join();
}

std::shared_ptr<OidcKeys::Provider> OidcKeys::find(const std::string& url) {
  const std::scoped_lock lock(mutex_);
  for (auto at = providers_.begin(); at != providers_.end(); ++at) {
    if ((*at)->url != url) continue;
    providers_.splice(providers_.begin(), providers_, at);
    return providers_.front();
  }
  if (providers_.size() == kMaxProviders) providers_.pop_back();
  providers_.push_front(std::make_shared<Provider>());
  providers_.front()->url = url;
  return providers_.front();
}

void OidcKeys::forget(const std::string& provider_url) {
  const std::scoped_lock lock(mutex_);
  providers_.remove_if([&](const auto& provider) { return provider->url == provider_url; });
}

std::optional<KeySet> OidcKeys::usable(Provider& provider, const Jwt& token,
                                       std::chrono::microseconds age) const {
  const std::scoped_lock lock(mutex_);
  if (!provider.keys || clock_.now() - provider.fetched > age || !provider.keys->has_key_for(token))
    return std::nullopt;
  return provider.keys;
}

bool OidcKeys::may_fetch(Provider& provider) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.now();
  if (now - provider.failed < kFailurePause) return false;
  if (!provider.keys || now - provider.fetched > kFresh) return true;
  if (now - provider.fetched_for_unknown < kUnknownKeyPause) return false;
  provider.fetched_for_unknown = now;
  return true;
}

std::expected<KeySet, std::string> OidcKeys::fetch_keys(const std::string& provider_url) const {
  const auto document = fetch_(discovery_url(provider_url));
  if (!document) return std::unexpected(document.error());
  const auto discovery = parse_discovery(*document, provider_url);
  if (!discovery) return std::unexpected(discovery.error());
  const auto keys = fetch_(discovery->jwks_uri);
  if (!keys) return std::unexpected(keys.error());
  return KeySet::parse(*keys);
}

std::expected<void, aws::ApiError> OidcKeys::verify_blocking(Provider& provider, const Jwt& token) {
  const std::scoped_lock fetching(provider.fetching);
  // Somebody may have fetched them while we waited.
  if (const auto keys = usable(provider, token, kFresh)) return check_signature(*keys, token);
  if (may_fetch(provider)) {
    auto fetched = fetch_keys(provider.url);
    const std::scoped_lock lock(mutex_);
    if (fetched) {
      provider.keys = std::move(*fetched);
      provider.fetched = clock_.now();
      provider.failed = {};
    } else {
      provider.failed = clock_.now();
      provider.failure = std::move(fetched.error());
      log::warning("oidc_keys_not_fetched", {{"provider", provider.url}, {"reason", provider.failure}});
    }
  }
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.now();
  if (!provider.keys || now - provider.fetched > kStale)
    return std::unexpected(aws::kIdpCommunicationError(
        "The keys of the identity provider can't be fetched: " + provider.failure + '.'));
  return check_signature(*provider.keys, token);
}

awaitable<std::expected<void, aws::ApiError>> OidcKeys::verify(std::string provider_url, Jwt token) {
  auto provider = find(provider_url);
  if (const auto keys = usable(*provider, token, kFresh)) co_return check_signature(*keys, token);
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    waiting_.fetch_sub(1);
    co_return std::unexpected(aws::kThrottling("Too many tokens wait for their provider's keys. Try again."));
  }
  auto task = [](OidcKeys* self, std::shared_ptr<Provider> of,
                 Jwt checked) -> awaitable<std::expected<void, aws::ApiError>> {
    auto result = self->verify_blocking(*of, checked);
    self->waiting_.fetch_sub(1);
    co_return result;
  };
  auto running = task(this, std::move(provider), std::move(token));
  co_return co_await boost::asio::co_spawn(pool_.get_executor(), std::move(running),
                                           boost::asio::use_awaitable);
}

}  // namespace postern::auth

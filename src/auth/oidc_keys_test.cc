#include "auth/oidc_keys.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <map>

#include "auth/test_tokens.h"

namespace postern::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto kProvider = "https://id.example";

class SetClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = from_unix_micros(1'795'000'000'000'000);
};

/// A provider whose documents are in memory.
struct OidcKeysTest : ::testing::Test {
  OidcKeysTest() { serve({first}); }

  void serve(const std::vector<TestSigner>& signers) {
    documents[std::string(kProvider) + "/.well-known/openid-configuration"] =
        R"({"issuer":"https://id.example","jwks_uri":"https://id.example/jwks"})";
    documents["https://id.example/jwks"] = test_key_set(signers);
  }

  std::expected<std::string, std::string> fetch(const std::string& url) {
    ++fetches;
    if (down) return std::unexpected("connection refused");
    const auto found = documents.find(url);
    if (found == documents.end()) return std::unexpected("status 404");
    return found->second;
  }

  /// `ok`, or the error's code.
  std::string verify(const TestSigner& signer) {
    auto token = parse_jwt(signer.sign({{"sub", "alice"}}));
    boost::asio::io_context context;
    auto done =
        boost::asio::co_spawn(context, keys.verify(kProvider, std::move(*token)), boost::asio::use_future);
    context.run();
    const auto result = done.get();
    return result ? "ok" : result.error().code;
  }

  const TestSigner first{"RS256", "k1"};
  const TestSigner second{"ES256", "k2"};
  std::map<std::string, std::string> documents;
  int fetches = 0;
  bool down = false;
  SetClock clock;
  OidcKeys keys{[this](const std::string& url) { return fetch(url); }, clock};
};

TEST_F(OidcKeysTest, FetchesOnceAndKeeps) {
  EXPECT_EQ(verify(first), "ok");
  EXPECT_EQ(fetches, 2) << "discovery and keys";
  EXPECT_EQ(verify(first), "ok");
  EXPECT_EQ(fetches, 2);
  clock.time += minutes(11);
  EXPECT_EQ(verify(first), "ok");
  EXPECT_EQ(fetches, 4);
}

TEST_F(OidcKeysTest, ANewKeyIsFetchedAtMostOnceAMinute) {
  EXPECT_EQ(verify(first), "ok");
  serve({first, second});
  EXPECT_EQ(verify(second), "ok");
  EXPECT_EQ(fetches, 4);
  const TestSigner third("ES256", "k3");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verify(third), "InvalidIdentityToken");
  EXPECT_EQ(fetches, 4) << "fetched for an unknown key less than a minute ago";
  serve({third});
  EXPECT_EQ(verify(third), "InvalidIdentityToken");
  clock.time += minutes(1);
  EXPECT_EQ(verify(third), "ok");
  EXPECT_EQ(fetches, 6);
}

TEST_F(OidcKeysTest, AWithdrawnKeyIsSoonWorthNothing) {
  EXPECT_EQ(verify(first), "ok");
  serve({second});
  clock.time += minutes(11);
  EXPECT_EQ(verify(first), "InvalidIdentityToken");
}

TEST_F(OidcKeysTest, AProviderThatIsDown) {
  down = true;
  EXPECT_EQ(verify(first), "IDPCommunicationError");
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(verify(first), "IDPCommunicationError");
  EXPECT_EQ(fetches, 1) << "not asked again at once";
  clock.time += seconds(2);
  down = false;
  EXPECT_EQ(verify(first), "ok");
  down = true;
  clock.time += minutes(30);
  EXPECT_EQ(verify(first), "ok") << "the keys that we have are good for an hour";
  clock.time += minutes(31);
  EXPECT_EQ(verify(first), "IDPCommunicationError");
}

TEST_F(OidcKeysTest, ADeletedProviderIsForgotten) {
  EXPECT_EQ(verify(first), "ok");
  keys.forget(kProvider);
  down = true;
  EXPECT_EQ(verify(first), "IDPCommunicationError");
}

TEST_F(OidcKeysTest, AForgedTokenIsRefused) {
  const TestSigner forger("RS256", "k1");
  EXPECT_EQ(verify(forger), "InvalidIdentityToken");
}

}  // namespace
}  // namespace postern::auth

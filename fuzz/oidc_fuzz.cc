#include <string>

#include "auth/jwks.h"
#include "auth/jwt.h"
#include "auth/web_identity.h"
#include "base/check.h"

/// What a provider or a bearer sends: any text is refused with a reason, or is a token, a key set or a
/// discovery document that can be used.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  using namespace postern::auth;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr auto kProvider = "https://id.example";

  // A key set and a token that it should know, apart at the first line break; or all of it as each alone.
  const auto cut = text.find('\n');
  const auto first = text.substr(0, cut);
  const auto rest = cut == std::string_view::npos ? text : text.substr(cut + 1);
  const auto keys = KeySet::parse(first);
  POSTERN_CHECK(keys ? keys->size() <= KeySet::kMaxKeys : !keys.error().empty());
  const auto discovery = parse_discovery(first, kProvider);
  POSTERN_CHECK(discovery ? discovery->jwks_uri.starts_with("https://") : !discovery.error().empty());
  const auto token = parse_jwt(rest);
  if (!token) {
    POSTERN_CHECK(!token.error().empty());
    return 0;
  }
  if (keys && keys->verifies(*token)) POSTERN_CHECK(keys->has_key_for(*token));
  const auto identity =
      read_web_identity(*token, kProvider, {"postern"}, from_unix_micros(1'795'000'000'000'000));
  POSTERN_CHECK(identity ? !identity->subject.empty() : !identity.error().message.empty());
  return 0;
}

#include "auth/web_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <optional>
#include <set>

#include "iam/text.h"

namespace postern::auth {
namespace {

namespace json = boost::json;

constexpr std::string_view kTagsClaim = "https://aws.amazon.com/tags";
constexpr std::string_view kFlatTags = "https://aws.amazon.com/tags/principal_tags/";
constexpr std::string_view kFlatTransitiveKeys = "https://aws.amazon.com/tags/transitive_tag_keys";
constexpr std::string_view kSourceIdentityClaim = "https://aws.amazon.com/source_identity";
// Seconds since 1970 beyond which a time is nonsense, and microseconds would overflow.
constexpr double kMaxSeconds = 253'402'300'799.0;

// oaud is no claim of a provider's but our name for all of aud.
constexpr std::array<std::string_view, 9> kReadApart = {"iss", "sub", "aud", "oaud", "azp",
                                                        "exp", "nbf", "iat", "jti"};

aws::ApiError invalid(std::string problem) {
  return aws::kInvalidIdentityToken("The web identity token is not valid: " + std::move(problem) + '.');
}

std::string text_of(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::string> texts_of(const json::value& value) {
  std::vector<std::string> texts;
  if (value.is_string()) texts.emplace_back(value.get_string());
  if (value.is_array()) {
    for (const auto& element : value.get_array()) {
      if (element.is_string()) texts.emplace_back(element.get_string());
    }
  }
  return texts;
}

std::vector<std::string> texts_of(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value == nullptr ? std::vector<std::string>() : texts_of(*value);
}

/// A NumericDate (RFC 7519 section 2); nothing when it is absent, an error when it is something else.
std::expected<std::optional<Timestamp>, aws::ApiError> time_of(const json::object& claims,
                                                               std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return std::unexpected(invalid(fmt::format("its {} is not a number", name)));
  const auto seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kMaxSeconds)
    return std::unexpected(invalid(fmt::format("its {} is not a time", name)));
  return from_unix_micros(static_cast<std::int64_t>(seconds * 1e6));
}

std::optional<aws::ApiError> check_times(const json::object& claims, Timestamp now, WebIdentity& identity) {
  const auto expires = time_of(claims, "exp");
  if (!expires) return expires.error();
  if (!*expires) return invalid("it has no exp");
  identity.expires = **expires;
  if (identity.expires <= now)
    return aws::kExpiredWebIdentityToken(fmt::format(
        "The web identity token has expired: its exp is {}, it is {}. Sign in at the provider again.",
        to_iso8601(identity.expires), to_iso8601(now)));
  const auto issued = time_of(claims, "iat");
  if (!issued) return issued.error();
  if (!*issued) return invalid("it has no iat");
  if (**issued > now + kIssuerClockLeeway) return invalid("its iat is in the future");
  const auto not_before = time_of(claims, "nbf");
  if (!not_before) return not_before.error();
  if (*not_before && **not_before > now + kIssuerClockLeeway)
    return invalid("it is not valid yet, by its nbf");
  return std::nullopt;
}

std::optional<aws::ApiError> check_audience(const json::object& claims,
                                            const std::vector<std::string>& client_ids,
                                            WebIdentity& identity) {
  identity.audiences = texts_of(claims, "aud");
  if (identity.audiences.empty()) return invalid("it has no aud");
  const auto authorized_party = text_of(claims, "azp");
  if (claims.contains("azp") && authorized_party.empty()) return invalid("its azp is not a text");
  // Core, 3.1.3.7, 4: with several audiences only azp says for which client it is.
  if (identity.audiences.size() > 1 && authorized_party.empty())
    return invalid("it has several aud and no azp");
  identity.audience = authorized_party.empty() ? identity.audiences.front() : authorized_party;
  if (std::ranges::find(client_ids, identity.audience) == client_ids.end())
    return invalid(
        "its audience is not a client id of the provider: add it with AddClientIDToOpenIDConnectProvider if "
        "it should be");
  return std::nullopt;
}

void read_claims(const json::object& claims, WebIdentity& identity) {
  // Conditions don't tell Sub from sub: each name counts once, or one value would pass for another's.
  std::set<std::string> taken(kReadApart.begin(), kReadApart.end());
  for (const auto& [name, value] : claims) {
    const std::string_view key = name;
    if (key.starts_with(kTagsClaim) || key == kSourceIdentityClaim) continue;
    std::vector<std::string> texts;
    if (value.is_bool()) {
      texts.emplace_back(value.get_bool() ? "true" : "false");
    } else if (value.is_int64() || value.is_uint64()) {
      texts.push_back(json::serialize(value));
    } else {
      texts = texts_of(value);
    }
    if (!texts.empty() && taken.insert(iam::folded(key)).second)
      identity.claims.emplace(key, std::move(texts));
  }
}

std::optional<aws::ApiError> add_tag(std::string_view key, const json::value& value, WebIdentity& identity) {
  auto texts = texts_of(value);
  // AWS: "each tag must have one value".
  if (texts.size() != 1) return invalid(fmt::format("its session tag {} must have exactly one value", key));
  identity.tags[std::string(key)] = std::move(texts.front());
  return std::nullopt;
}

std::optional<aws::ApiError> read_tags(const json::object& claims, WebIdentity& identity) {
  if (const auto* nested = claims.if_contains(kTagsClaim)) {
    if (!nested->is_object()) return invalid("its claim " + std::string(kTagsClaim) + " is not an object");
    const auto& tags = nested->get_object();
    if (const auto* principal = tags.if_contains("principal_tags")) {
      if (!principal->is_object()) return invalid("its principal_tags are not an object");
      for (const auto& [key, value] : principal->get_object()) {
        if (auto error = add_tag(key, value, identity)) return error;
      }
    }
    identity.transitive_tag_keys = texts_of(tags, "transitive_tag_keys");
  }
  for (const auto& [name, value] : claims) {
    const std::string_view key = name;
    if (!key.starts_with(kFlatTags)) continue;
    if (auto error = add_tag(key.substr(kFlatTags.size()), value, identity)) return error;
  }
  for (auto& key : texts_of(claims, kFlatTransitiveKeys))
    identity.transitive_tag_keys.push_back(std::move(key));
  return std::nullopt;
}

}  // namespace

std::expected<WebIdentity, aws::ApiError> read_web_identity(const Jwt& token, std::string_view provider_url,
                                                            const std::vector<std::string>& client_ids,
                                                            Timestamp now) {
  constexpr std::string_view kScheme = "https://";
  const auto& claims = token.claims;
  WebIdentity identity;
  identity.provider = provider_url.substr(provider_url.starts_with(kScheme) ? kScheme.size() : 0);
  if (text_of(claims, "iss") != provider_url)
    return std::unexpected(invalid("its iss is not the provider's URL"));
  if (auto error = check_times(claims, now, identity)) return std::unexpected(std::move(*error));
  if (auto error = check_audience(claims, client_ids, identity)) return std::unexpected(std::move(*error));
  identity.subject = text_of(claims, "sub");
  if (identity.subject.empty()) return std::unexpected(invalid("it has no sub"));
  read_claims(claims, identity);
  if (auto error = read_tags(claims, identity)) return std::unexpected(std::move(*error));
  identity.source_identity = text_of(claims, kSourceIdentityClaim);
  return identity;
}

}  // namespace postern::auth

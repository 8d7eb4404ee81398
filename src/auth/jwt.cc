#include "auth/jwt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/json_codec.h"

namespace postern::auth {
namespace {

constexpr std::array<std::pair<std::string_view, JwsAlgorithm>, 6> kAlgorithms = {{
    {"RS256", JwsAlgorithm::kRs256},
    {"RS384", JwsAlgorithm::kRs384},
    {"RS512", JwsAlgorithm::kRs512},
    {"ES256", JwsAlgorithm::kEs256},
    {"ES384", JwsAlgorithm::kEs384},
    {"ES512", JwsAlgorithm::kEs512},
}};

std::expected<boost::json::object, std::string> decode_part(std::string_view part, std::string_view name) {
  const auto bytes = from_base64url(part);
  if (!bytes) return std::unexpected(fmt::format("its {} is not base64url", name));
  auto value = parse_json(as_text(*bytes));
  if (!value) return std::unexpected(fmt::format("its {} is not JSON", name));
  if (!value->is_object()) return std::unexpected(fmt::format("its {} is not a JSON object", name));
  return std::move(value->get_object());
}

std::optional<std::string> text_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace

std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) {
  const auto* found = std::ranges::find(kAlgorithms, name, &std::pair<std::string_view, JwsAlgorithm>::first);
  if (found == kAlgorithms.end()) return std::nullopt;
  return found->second;
}

std::expected<Jwt, std::string> parse_jwt(std::string_view token) {
  if (token.size() > kMaxTokenBytes)
    return std::unexpected(fmt::format("it is longer than {} bytes", kMaxTokenBytes));
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::unexpected("expected three parts with dots between them");
  auto header = decode_part(token.substr(0, first), "header");
  if (!header) return std::unexpected(std::move(header.error()));
  const auto name = text_of(*header, "alg");
  const auto algorithm = name ? parse_jws_algorithm(*name) : std::nullopt;
  if (!algorithm)
    return std::unexpected(
        "its signature algorithm is not taken; expected RS256, RS384, RS512, ES256, ES384 or ES512");
  // RFC 7515 section 4.1.11: what we don't understand and must, makes the token invalid.
  if (header->contains("crit")) return std::unexpected("it has critical headers that are not understood");
  auto claims = decode_part(token.substr(first + 1, second - first - 1), "payload");
  if (!claims) return std::unexpected(std::move(claims.error()));
  auto signature = from_base64url(token.substr(second + 1));
  if (!signature || signature->empty()) return std::unexpected("its signature is not base64url");
  return Jwt{*algorithm, text_of(*header, "kid").value_or(""), std::move(*claims),
             std::string(token.substr(0, second)), std::move(*signature)};
}

std::optional<std::string> unverified_issuer(const Jwt& token) {
  return text_of(token.claims, "iss");
}

}  // namespace postern::auth

#include "aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/canonical_request.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace postern::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kSignatureMember = "X-Amz-Signature";
constexpr std::string_view kWrongSignature =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key "
    "and signing method. Consult the service documentation for details.";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

// All values of a header, canonical, joined with commas in the order of arrival.
std::optional<std::string> joined_header(const SignableRequest& request, std::string_view lower_name) {
  std::optional<std::string> joined;
  for (const auto& [name, value] : request.headers) {
    if (!std::ranges::equal(name, lower_name, {}, lower)) continue;
    joined = joined ? *joined + ',' + canonical_header_value(value) : canonical_header_value(value);
  }
  return joined;
}

bool is_signed(const Authorization& authorization, std::string_view lower_name) {
  return std::ranges::find(authorization.signed_headers, lower_name) != authorization.signed_headers.end();
}

// The hash of the body. A signed X-Amz-Content-Sha256 must agree with it; an unsigned one says nothing (nodes
// send one, control-plane.md 2.3).
std::expected<std::string, ApiError> payload_hash(const SignableRequest& request,
                                                  const Authorization& authorization) {
  auto actual = sha256_hex(request.body);
  if (!is_signed(authorization, "x-amz-content-sha256")) return actual;
  const auto claimed = joined_header(request, "x-amz-content-sha256");
  if (claimed && *claimed != actual) {
    return std::unexpected(
        kInvalidSignature("The provided 'x-amz-content-sha256' header does not match what was computed."));
  }
  return actual;
}

Sha256 signing_key(const Secret& secret, const Scope& scope) {
  const Secret start("AWS4" + secret.reveal());
  auto key = hmac_sha256(as_bytes(start.reveal()), as_bytes(scope.date));
  key = hmac_sha256(key, as_bytes(scope.region));
  key = hmac_sha256(key, as_bytes(scope.service));
  return hmac_sha256(key, as_bytes(kTerminator));
}

std::string hmac_signature(const Secret& secret, const Scope& scope, std::string_view text) {
  return to_hex(hmac_sha256(signing_key(secret, scope), as_bytes(text)));
}

}  // namespace

std::string Scope::to_string() const {
  return fmt::format("{}/{}/{}/{}", date, region, service, kTerminator);
}

std::expected<std::string, ApiError> canonical_request(const SignableRequest& request,
                                                       const Authorization& authorization) {
  if (!is_signed(authorization, "host")) {
    return std::unexpected(
        kInvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
  }
  const auto question = request.target.find('?');
  const auto path = request.target.substr(0, question);
  const auto query =
      question == std::string_view::npos ? std::string_view() : request.target.substr(question + 1);
  const auto in_query = authorization.form == SignatureForm::kQuery;
  const auto query_text = canonical_query(query, in_query ? kSignatureMember : std::string_view());
  if (!query_text)
    return std::unexpected(kInvalidSignature("The query string has a malformed percent escape."));

  std::string headers;
  std::string names;
  for (const auto& name : authorization.signed_headers) {
    const auto value = joined_header(request, name);
    if (!value) {
      return std::unexpected(kInvalidSignature(
          fmt::format("'{}' is a 'SignedHeader' in the AWS Authorization, but not in the request.", name)));
    }
    headers += name + ':' + *value + '\n';
    if (!names.empty()) names += ';';
    names += name;
  }
  const auto hash = payload_hash(request, authorization);
  if (!hash) return std::unexpected(hash.error());
  const auto path_text = authorization.scope.service == "s3" ? std::string(path) : canonical_path(path);
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path_text, *query_text, headers, names, *hash);
}

std::expected<std::string, ApiError> string_to_sign(const SignableRequest& request,
                                                    const Authorization& authorization) {
  const auto canonical = canonical_request(request, authorization);
  if (!canonical) return std::unexpected(canonical.error());
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, to_amz_date(authorization.date),
                     authorization.scope.to_string(), sha256_hex(*canonical));
}

std::expected<void, ApiError> verify_signature(const SignableRequest& request,
                                               const Authorization& authorization, const Secret& secret) {
  const auto text = string_to_sign(request, authorization);
  if (!text) return std::unexpected(text.error());
  const auto expected = hmac_signature(secret, authorization.scope, *text);
  if (!equal_in_constant_time(expected, authorization.signature)) {
    return std::unexpected(kInvalidSignature(std::string(kWrongSignature)));
  }
  return {};
}

std::expected<void, ApiError> check_time(const Authorization& authorization, Timestamp now) {
  const auto date = to_amz_date(authorization.date);
  if (authorization.scope.date != date.substr(0, 8)) {
    return std::unexpected(kInvalidSignature(fmt::format(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != "
        "'{}', from '{}'.",
        authorization.scope.date, date.substr(0, 8), date)));
  }
  const auto skew = kMaxSkew.count();
  if (authorization.date > now + kMaxSkew) {
    return std::unexpected(
        kInvalidSignature(fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)",
                                      date, to_amz_date(now + kMaxSkew), to_amz_date(now), skew)));
  }
  if (authorization.form == SignatureForm::kQuery) {
    const auto end = authorization.date + authorization.expires;
    if (end >= now) return {};
    return std::unexpected(kInvalidSignature(
        fmt::format("Signature expired: {} is now earlier than {}", to_amz_date(end), to_amz_date(now))));
  }
  if (authorization.date < now - kMaxSkew) {
    return std::unexpected(
        kInvalidSignature(fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", date,
                                      to_amz_date(now - kMaxSkew), to_amz_date(now), skew)));
  }
  return {};
}

namespace {

HeaderList sign_headers(const SignableRequest& request, std::string_view key_id,
                        const std::optional<Secret>& session_token, std::string_view region,
                        std::string_view service, Timestamp now,
                        const std::function<std::string(std::string_view, const Scope&)>& sign) {
  const auto date = to_amz_date(now);
  HeaderList added = {{"X-Amz-Date", date}};
  if (session_token) added.emplace_back("X-Amz-Security-Token", session_token->reveal());

  HeaderList all(request.headers.begin(), request.headers.end());
  all.insert(all.end(), added.begin(), added.end());
  Authorization authorization;
  authorization.scope = {
      .date = date.substr(0, 8), .region = std::string(region), .service = std::string(service)};
  authorization.date = now;
  for (const auto& [name, value] : all) authorization.signed_headers.push_back(to_lower(name));
  std::ranges::sort(authorization.signed_headers);
  const auto repeated = std::ranges::unique(authorization.signed_headers);
  authorization.signed_headers.erase(repeated.begin(), repeated.end());

  const SignableRequest whole{
      .method = request.method, .target = request.target, .headers = all, .body = request.body};
  const auto text = string_to_sign(whole, authorization);
  // Only a request without Host, or with a target that is no URL, has no string to sign; the receiver will
  // say so.
  const auto signature = text ? sign(*text, authorization.scope) : std::string();
  added.emplace_back("Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                                  kAlgorithm, key_id, authorization.scope.to_string(),
                                                  fmt::join(authorization.signed_headers, ";"), signature));
  return added;
}

}  // namespace

HeaderList sign_request(const SignableRequest& request, const Credentials& credentials,
                        std::string_view region, std::string_view service, Timestamp now) {
  const auto sign = [&](std::string_view text, const Scope& scope) {
    return hmac_signature(credentials.secret, scope, text);
  };
  return sign_headers(request, credentials.access_key_id, credentials.session_token, region, service, now,
                      sign);
}

HeaderList sign_request_with(const SignableRequest& request, std::string_view key_id, std::string_view region,
                             std::string_view service, Timestamp now,
                             const std::function<std::string(std::string_view string_to_sign)>& sign) {
  const auto unscoped = [&](std::string_view text, const Scope&) { return sign(text); };
  return sign_headers(request, key_id, std::nullopt, region, service, now, unscoped);
}

}  // namespace postern::aws

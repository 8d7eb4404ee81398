// Where a request carries its signature and what must be there: the Authorization header or the X-Amz-* query
// members.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "aws/form.h"
#include "aws/sigv4.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace postern::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::chrono::seconds kMaxExpires = std::chrono::days(7);
// More than any real request signs; bounds the work of canonical_request().
constexpr std::size_t kMaxSignedHeaders = 100;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::string_view> find_header(const SignableRequest& request, std::string_view lower_name) {
  for (const auto& [name, value] : request.headers) {
    if (std::ranges::equal(name, lower_name, {}, lower)) return value;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::unexpected<ApiError> missing() {
  return std::unexpected(kMissingAuthenticationToken("Missing Authentication Token"));
}

std::unexpected<ApiError> incomplete(std::string message) {
  return std::unexpected(kIncompleteSignature(std::move(message)));
}

// IMF-fixdate of RFC 9110 section 5.6.7, `Sun, 06 Nov 1994 08:49:37 GMT`; the day's name is not checked.
std::optional<Timestamp> from_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return from_iso8601(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month - kMonths.begin() + 1,
                                  text.substr(5, 2), text.substr(17, 8)));
}

std::expected<void, ApiError> read_date(std::string_view text, Authorization& into) {
  auto date = from_amz_date(text);
  if (!date) date = from_http_date(text);
  if (!date) {
    return incomplete(fmt::format(
        "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
        text));
  }
  into.date = *date;
  return {};
}

std::expected<void, ApiError> read_credential(std::string_view text, Authorization& into) {
  const auto parts = split(text, '/');
  if (parts.size() != 5 || std::ranges::any_of(parts, &std::string_view::empty)) {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    text));
  }
  if (parts[4] != kTerminator) {
    return std::unexpected(kInvalidSignature(fmt::format(
        "Credential should be scoped with a valid terminator: '{}', not '{}'.", kTerminator, parts[4])));
  }
  into.access_key_id = parts[0];
  into.scope = {
      .date = std::string(parts[1]), .region = std::string(parts[2]), .service = std::string(parts[3])};
  return {};
}

std::expected<void, ApiError> read_signed_headers(std::string_view text, Authorization& into) {
  for (const auto part : split(text, ';')) {
    std::string name(part);
    std::ranges::transform(name, name.begin(), lower);
    if (name.empty()) return incomplete("'SignedHeaders' has an empty name.");
    into.signed_headers.push_back(std::move(name));
  }
  if (into.signed_headers.size() > kMaxSignedHeaders)
    return incomplete("'SignedHeaders' has too many names.");
  return {};
}

bool is_signature(std::string_view text) {
  return (text.size() == 64 && from_hex(text)) || (text.size() >= 4 && from_base64(text).has_value());
}

std::expected<void, ApiError> read_parts(std::string_view credential, std::string_view signed_headers,
                                         std::string_view signature, std::string_view date,
                                         Authorization& into) {
  if (auto ok = read_credential(credential, into); !ok) return ok;
  if (auto ok = read_signed_headers(signed_headers, into); !ok) return ok;
  if (!is_signature(signature))
    return incomplete("The signature is neither 64 hexadecimal digits nor base64.");
  into.signature = signature;
  return read_date(date, into);
}

std::expected<Authorization, ApiError> from_header(const SignableRequest& request, std::string_view header) {
  std::map<std::string_view, std::string_view> parts;
  for (const auto part : split(header.substr(kAlgorithm.size()), ',')) {
    const auto pair = trim(part);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return incomplete(
          fmt::format("'{}' not a valid key=value pair (missing equal-sign) in Authorization header (hashed "
                      "with SHA-256): '{}'.",
                      pair, sha256_hex(header)));
    }
    // Only the first equal sign divides: base64 signatures end in some (control-plane.md, trap 4).
    parts.insert_or_assign(pair.substr(0, equals), trim(pair.substr(equals + 1)));
  }
  auto date = find_header(request, "x-amz-date");
  if (!date) date = find_header(request, "date");
  std::string problems;
  for (const std::string_view name : {"Credential", "Signature", "SignedHeaders"}) {
    if (parts[name].empty()) problems += fmt::format("Authorization header requires '{}' parameter. ", name);
  }
  if (!date)
    problems += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!problems.empty()) {
    return incomplete(problems + "(Hashed with SHA-256 and encoded with Base64) Authorization=" +
                      to_base64(sha256(header)));
  }
  Authorization authorization;
  auto ok =
      read_parts(parts["Credential"], parts["SignedHeaders"], parts["Signature"], trim(*date), authorization);
  if (!ok) return std::unexpected(std::move(ok.error()));
  if (const auto token = find_header(request, "x-amz-security-token"))
    authorization.session_token = trim(*token);
  return authorization;
}

std::expected<Authorization, ApiError> from_query(const Form& query) {
  std::vector<std::string> absent;
  const auto member = [&](const std::string& name) {
    const auto found = query.find(name);
    if (found != query.end() && !found->second.empty()) return found->second;
    absent.push_back("'" + name + "'");
    return std::string();
  };
  const auto algorithm = member("X-Amz-Algorithm");
  const auto credential = member("X-Amz-Credential");
  const auto signature = member("X-Amz-Signature");
  const auto signed_headers = member("X-Amz-SignedHeaders");
  const auto date = member("X-Amz-Date");
  const auto expires = member("X-Amz-Expires");
  if (!absent.empty()) {
    return incomplete(
        fmt::format("AWS query-string parameters must include {}. Re-examine the query-string parameters.",
                    fmt::join(absent, ", ")));
  }
  if (algorithm != kAlgorithm)
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm));
  Authorization authorization;
  authorization.form = SignatureForm::kQuery;
  auto ok = read_parts(credential, signed_headers, signature, date, authorization);
  if (!ok) return std::unexpected(std::move(ok.error()));
  std::int64_t seconds = 0;
  const auto [end, status] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (status != std::errc() || end != expires.data() + expires.size() || seconds < 1 ||
      seconds > kMaxExpires.count()) {
    return incomplete(
        fmt::format("X-Amz-Expires must be a number of seconds from 1 to {}.", kMaxExpires.count()));
  }
  authorization.expires = std::chrono::seconds(seconds);
  if (const auto token = query.find("X-Amz-Security-Token"); token != query.end()) {
    authorization.session_token = token->second;
  }
  return authorization;
}

}  // namespace

std::expected<Authorization, ApiError> parse_authorization(const SignableRequest& request) {
  if (const auto header = find_header(request, "authorization")) {
    const auto value = trim(*header);
    const auto algorithm = value.substr(0, value.find(' '));
    if (!algorithm.starts_with("AWS4-")) return missing();
    if (algorithm != kAlgorithm)
      return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm));
    return from_header(request, value);
  }
  const auto question = request.target.find('?');
  if (question == std::string_view::npos) return missing();
  const auto query = parse_form(request.target.substr(question + 1));
  if (!query || (!query->contains("X-Amz-Algorithm") && !query->contains("X-Amz-Signature")))
    return missing();
  return from_query(*query);
}

}  // namespace postern::aws

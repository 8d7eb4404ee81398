#include "aws/canonical_request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "aws/uri.h"

namespace postern::aws {
namespace {

// RFC 3986 section 5.2.4 and empty segments dropped, as AWS does for every service but S3.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool ends_with_slash = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string normal;
  for (const auto segment : segments) normal.append("/").append(segment);
  if (ends_with_slash || normal.empty()) normal += '/';
  return normal;
}

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

std::string canonical_path(std::string_view path) {
  return uri_encode(normalize_path(path), "/");
}

std::optional<std::string> canonical_query(std::string_view query, std::string_view without) {
  std::vector<std::pair<std::string, std::string>> members;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto member = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (member.empty()) continue;
    const auto equals = member.find('=');
    // AWS's services read a plus as a blank, which signers write as %20.
    auto name = uri_decode(member.substr(0, equals), Plus::kBlank);
    auto value = equals == std::string_view::npos ? std::string()
                                                  : uri_decode(member.substr(equals + 1), Plus::kBlank);
    if (!name || !value) return std::nullopt;
    if (!without.empty() && *name == without) continue;
    members.emplace_back(uri_encode(*name), uri_encode(*value));
  }
  std::ranges::sort(members);
  std::string canonical;
  for (const auto& [name, value] : members) {
    if (!canonical.empty()) canonical += '&';
    canonical.append(name).append("=").append(value);
  }
  return canonical;
}

std::string canonical_header_value(std::string_view value) {
  std::string canonical;
  canonical.reserve(value.size());
  bool pending = false;
  for (const char c : value) {
    if (blank(c)) {
      pending = !canonical.empty();
      continue;
    }
    if (pending) canonical += ' ';
    pending = false;
    canonical += c;
  }
  return canonical;
}

}  // namespace postern::aws

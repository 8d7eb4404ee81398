#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/identities/rows.h"
#include "store/identities/shared.h"
#include "store/identity_repositories.h"

namespace postern::store {
namespace {

constexpr std::string_view kColumns = "arn, url, client_ids, thumbprints, created";

std::string one_a_line(const std::vector<std::string>& values) {
  return fmt::format("{}", fmt::join(values, "\n"));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

OidcProvider provider_from(Row& row) {
  return {.arn = row.text(),
          .url = row.text(),
          .client_ids = lines_of(row.text()),
          .thumbprints = lines_of(row.text()),
          .created = row.time()};
}

}  // namespace

void OidcProviderRepository::add(const OidcProvider& provider) {
  execute(sql_,
          "INSERT INTO oidc_providers (arn, url, client_ids, thumbprints, created)"
          " VALUES (:arn, :url, :client_ids, :thumbprints, :created)",
          {provider.arn, provider.url, one_a_line(provider.client_ids), one_a_line(provider.thumbprints),
           provider.created});
  advance_generation(sql_);
}

std::optional<OidcProvider> OidcProviderRepository::find(std::string_view arn) {
  return first(select(sql_, fmt::format("SELECT {} FROM oidc_providers WHERE arn = :arn", kColumns), {arn}),
               provider_from);
}

std::vector<OidcProvider> OidcProviderRepository::list() {
  return all(select(sql_, fmt::format("SELECT {} FROM oidc_providers ORDER BY arn", kColumns)),
             provider_from);
}

bool OidcProviderRepository::update(const OidcProvider& provider) {
  advance_generation(sql_);
  return execute(sql_,
                 "UPDATE oidc_providers SET client_ids = :client_ids, thumbprints = :thumbprints"
                 " WHERE arn = :arn",
                 {one_a_line(provider.client_ids), one_a_line(provider.thumbprints), provider.arn}) == 1;
}

bool OidcProviderRepository::remove(std::string_view arn) {
  advance_generation(sql_);
  remove_tags(sql_, kOidcProviderTags, arn);
  return execute(sql_, "DELETE FROM oidc_providers WHERE arn = :arn", {arn}) == 1;
}

}  // namespace postern::store

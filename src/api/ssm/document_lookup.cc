#include "api/ssm/document_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/arn.h"
#include "aws/documents/session_properties.h"
#include "base/hash.h"

namespace postern::api::ssm {
namespace {

constexpr std::string_view kDocumentResource = "document/";
// When the built-in documents got their present texts.
constexpr std::int64_t kBuiltInCreatedMicros = 1'767'225'600'000'000;

aws::ApiError no_such_version(const std::string& name, std::string_view version) {
  return aws::kInvalidDocumentVersion(fmt::format(
      "The document {} has no version {}; list-document-versions shows which there are.", name, version));
}

// The number that a choice means among `versions` (newest first).
Result<std::int64_t> choose(const store::Document& document, std::int64_t latest,
                            const std::vector<store::DocumentVersion>& versions,
                            const VersionChoice& choice) {
  const auto& text = choice.version;
  const auto chosen = [&]() -> std::optional<std::int64_t> {
    if (!text || text->empty() || *text == "$DEFAULT") return document.default_version;
    if (*text == "$LATEST") return latest;
    const auto found = std::ranges::find_if(
        versions, [&](const auto& version) { return std::to_string(version.version) == *text; });
    return found == versions.end() ? std::nullopt : std::optional(found->version);
  }();
  if (!chosen) return std::unexpected(no_such_version(document.name, *text));
  if (!choice.version_name) return *chosen;
  const auto named = std::ranges::find(versions, *choice.version_name, &store::DocumentVersion::version_name);
  // Both given must mean the same version.
  if (named == versions.end() || (text && named->version != *chosen)) {
    return std::unexpected(no_such_version(document.name, *choice.version_name));
  }
  return named->version;
}

}  // namespace

aws::ApiError no_such_document(const std::string& name) {
  return aws::kInvalidDocument(
      fmt::format("The document {} does not exist; list-documents shows which there are.", name));
}

Result<std::string> document_name(const auth::Installation& installation, const std::string& name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return name_or_arn;
  const auto arn = aws::Arn::parse(name_or_arn);
  if (arn && arn->resource.starts_with(kDocumentResource)) {
    auto name = arn->resource.substr(kDocumentResource.size());
    if (installation.document_arn(name) == name_or_arn) return name;
  }
  return std::unexpected(aws::kInvalidDocument(
      fmt::format("{} is not the ARN of a document of this account and region; those look like {}.",
                  name_or_arn, installation.document_arn("NAME"))));
}

FoundDocument as_found(const aws::BuiltInDocument& document, const auth::Installation& installation) {
  const auto& parsed = aws::parsed_built_in_document(document);
  const auto created = from_unix_micros(kBuiltInCreatedMicros);
  const std::string name(document.name);
  return {.document = {.name = name, .document_type = "Session", .target_type = {}, .created = created},
          .version = {.name = name,
                      .version_name = {},
                      .display_name = {},
                      .format = "JSON",
                      .content = std::string(document.content),
                      .hash = sha256_hex(document.content),
                      .platform_types = fmt::format(
                          "{}", fmt::join(aws::platforms_of(parsed.type, parsed.properties), ",")),
                      .created = created},
          .owner = document.owner.empty() ? installation.account : std::string(document.owner),
          .built_in = true};
}

Result<FoundDocument> find_document(store::Repositories& repos, const auth::Installation& installation,
                                    const std::string& name, const VersionChoice& choice) {
  auto document = repos.documents.find(name);
  if (!document) {
    const auto* built_in = aws::find_built_in_document(name);
    if (built_in == nullptr) return std::unexpected(no_such_document(name));
    auto found = as_found(*built_in, installation);
    if (auto chosen = choose(found.document, 1, {found.version}, choice); !chosen)
      return std::unexpected(std::move(chosen.error()));
    return found;
  }
  const auto versions = repos.documents.versions(name);
  const auto latest = versions.empty() ? 0 : versions.front().version;
  const auto chosen = choose(*document, latest, versions, choice);
  if (!chosen) return std::unexpected(chosen.error());
  auto version = repos.documents.find_version(name, *chosen);
  if (!version) return std::unexpected(no_such_version(name, std::to_string(*chosen)));
  return FoundDocument{.document = std::move(*document),
                       .version = std::move(*version),
                       .latest_version = latest,
                       .owner = installation.account};
}

Result<aws::SessionDocument> check_document(const std::string& name, std::string_view content,
                                            aws::DocumentFormat format) {
  using Kind = aws::DocumentError::Kind;
  auto parsed = aws::parse_session_document(content, format);
  if (!parsed) {
    auto& [kind, message] = parsed.error();
    switch (kind) {
      case Kind::kSize:
        return std::unexpected(aws::kMaxDocumentSizeExceeded(std::move(message)));
      case Kind::kSchemaVersion:
        return std::unexpected(aws::kInvalidDocumentSchemaVersion(std::move(message)));
      case Kind::kContent:
        break;
    }
    return std::unexpected(aws::kInvalidDocumentContent(std::move(message)));
  }
  if (name == aws::kPreferencesDocument && parsed->type != aws::SessionType::kStandardStream) {
    return std::unexpected(aws::kInvalidDocumentContent(
        fmt::format("sessionType: expected Standard_Stream: {} is what shells start with, and holds the "
                    "account's preferences.",
                    name)));
  }
  return std::move(*parsed);
}

}  // namespace postern::api::ssm

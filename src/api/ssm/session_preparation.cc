#include "api/ssm/session_preparation.h"

#include <fmt/format.h>

#include <utility>

#include "api/ssm/document_lookup.h"

namespace postern::api::ssm {
namespace {

/// The versions that a session is made of; nothing where the built-in document applies.
struct Stored {
  std::optional<store::DocumentVersion> document;
  std::optional<store::DocumentVersion> preferences;
};

Result<aws::SessionDocument> parse(const std::string& name,
                                   const std::optional<store::DocumentVersion>& version) {
  if (version) {
    const auto format = aws::document_format_from(version->format).value_or(aws::DocumentFormat::kJson);
    auto parsed = aws::parse_session_document(version->content, format);
    // It was checked when it was created; a newer release may know better.
    if (!parsed) {
      return std::unexpected(aws::kInvalidDocument(fmt::format(
          "Version {} of the document {} is not valid: {}", version->version, name, parsed.error().message)));
    }
    return std::move(*parsed);
  }
  const auto* built_in = aws::find_built_in_document(name);
  if (built_in == nullptr) return std::unexpected(no_such_document(name));
  return aws::parsed_built_in_document(*built_in);
}

aws::ApiError to_api_error(aws::ResolveError error) {
  using Kind = aws::ResolveError::Kind;
  switch (error.kind) {
    case Kind::kDocument:
      return aws::kInvalidDocument(std::move(error.message));
    case Kind::kPlatform:
      return aws::kUnsupportedPlatformType(std::move(error.message));
    case Kind::kParameters:
    case Kind::kDenied:
      break;
  }
  return aws::kInvalidParameters(std::move(error.message));
}

}  // namespace

awaitable<Result<gateway::NewSession>> prepare_session(Call& call, gateway::NewSession into, std::string name,
                                                       aws::SessionParameters parameters,
                                                       std::string platform) {
  const std::string preferences_name(aws::kPreferencesDocument);
  auto stored = co_await call.services.store.read([name, preferences_name](store::Repositories& repos) {
    Stored found{.document = repos.documents.find_default(name)};
    found.preferences =
        name == preferences_name ? found.document : repos.documents.find_default(preferences_name);
    return found;
  });
  const auto document = parse(name, stored.document);
  if (!document) co_return std::unexpected(document.error());
  const auto preferences = parse(preferences_name, stored.preferences);
  if (!preferences) co_return std::unexpected(preferences.error());
  auto resolved = aws::resolve_session(*document, *preferences, parameters, platform);
  if (!resolved) co_return std::unexpected(to_api_error(std::move(resolved.error())));
  into.document_name = name;
  into.document_version = std::to_string(stored.document ? stored.document->version : 1);
  into.document.description = resolved->description;
  into.document.session_type = aws::to_string(resolved->type);
  into.document.inputs = std::move(resolved->inputs);
  into.document.properties = std::move(resolved->properties);
  into.document.parameters = boost::json::object{};
  into.idle_timeout = resolved->idle_timeout;
  into.max_duration = resolved->max_duration;
  co_return into;
}

}  // namespace postern::api::ssm

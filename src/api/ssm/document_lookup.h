#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/call.h"
#include "api/ssm/tag_shapes.h"
#include "auth/request_context.h"
#include "aws/documents/built_in.h"
#include "aws/documents/session_document.h"
#include "store/repositories.h"

/// Finding documents: those that somebody created, and behind them those that are built in.
namespace postern::api::ssm {

/// A document and one of its versions.
struct FoundDocument {
  store::Document document;
  store::DocumentVersion version;
  std::int64_t latest_version = 1;
  /// The account's number, `Amazon` or `Postern`.
  std::string owner;
  /// Not in the store; nobody has created or changed it.
  bool built_in = false;
};

/// Which version; without either it is the default.
struct VersionChoice {
  /// A number, `$LATEST` or `$DEFAULT`.
  std::optional<std::string> version;
  std::optional<std::string> version_name;
};

/// The name in a Name or DocumentName, which may be an ARN. Error: InvalidDocument for an ARN that is not of
/// this installation.
Result<std::string> document_name(const auth::Installation& installation, const std::string& name_or_arn);

/// Errors: InvalidDocument when there is none of the name, InvalidDocumentVersion when it has no such
/// version.
Result<FoundDocument> find_document(store::Repositories& repos, const auth::Installation& installation,
                                    const std::string& name, const VersionChoice& choice = {});

/// A document that is built in as if it had been created with one version.
FoundDocument as_found(const aws::BuiltInDocument& document, const auth::Installation& installation);

/// Checks a document's text. Errors: InvalidDocumentContent, InvalidDocumentSchemaVersion,
/// MaxDocumentSizeExceeded.
Result<aws::SessionDocument> check_document(const std::string& name, std::string_view content,
                                            aws::DocumentFormat format);

aws::ApiError no_such_document(const std::string& name);

/// The action on the document that a member of the request names; an ARN there is replaced by the name.
template <class In>
auto on_document(std::string action) {
  return [action = std::move(action)](Call& call, In& in) -> awaitable<Result<auth::Access>> {
    auto name = document_name(call.services.installation, in.name);
    if (!name) co_return std::unexpected(std::move(name.error()));
    in.name = std::move(*name);
    auth::Access access{.action = action};
    access.about(co_await document_resource(call.services, in.name));
    if constexpr (requires { in.tags; }) access.keys = auth::tag_request_keys(to_record(in.tags));
    co_return access;
  };
}

}  // namespace postern::api::ssm

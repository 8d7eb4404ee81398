#pragma once

#include <span>
#include <string_view>

#include "aws/documents/session_document.h"

namespace postern::aws {

/// The document of the account's session preferences, which is also what StartSession uses when no document
/// is named.
inline constexpr std::string_view kPreferencesDocument = "SSM-SessionManagerRunShell";

/// A document that is there without anybody's having created it.
struct BuiltInDocument {
  std::string_view name;
  /// `Amazon` and `Postern` own their documents: nobody can change them. The preferences belong to the
  /// account (empty), which may replace them.
  std::string_view owner;
  /// JSON.
  std::string_view content;
};

/// Ordered by name.
std::span<const BuiltInDocument> built_in_documents();

/// Nothing when there is none of this name.
const BuiltInDocument* find_built_in_document(std::string_view name);

/// What built-in content means, parsed once.
const SessionDocument& parsed_built_in_document(const BuiltInDocument& document);

/// Whether a name's beginning is the owners' own, so that nobody may create documents that look like theirs.
bool is_reserved_document_name(std::string_view name);

}  // namespace postern::aws

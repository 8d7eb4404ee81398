#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/documents/parameter_definition.h"
#include "aws/documents/session_properties.h"

namespace postern::aws {

/// As AWS.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxDocumentParameters = 200;

enum class DocumentFormat { kJson, kYaml };

/// `JSON`, `YAML`.
std::string_view to_string(DocumentFormat format);
std::optional<DocumentFormat> document_format_from(std::string_view text);

/// A session document of schema 1.0, checked completely: what can still be wrong depends on parameters.
struct SessionDocument {
  std::string description;
  SessionType type = SessionType::kStandardStream;
  /// Nothing: the account's preferences apply.
  std::optional<boost::json::object> inputs;
  /// In the document's order.
  std::vector<ParameterDefinition> parameters;
  /// Null when absent.
  boost::json::value properties;

  const ParameterDefinition* find_parameter(std::string_view name) const;
};

/// What is wrong with a document: where (`inputs.idleSessionTimeout`) and what was expected.
struct DocumentError {
  enum class Kind { kContent, kSchemaVersion, kSize };
  Kind kind = Kind::kContent;
  std::string message;
};

/// The text as JSON values, whatever it means. Errors name line and column.
std::expected<boost::json::value, DocumentError> parse_document_text(std::string_view text,
                                                                     DocumentFormat format);

std::expected<SessionDocument, DocumentError> parse_session_document(std::string_view text,
                                                                     DocumentFormat format);

/// The same document in the other format (`text` has been accepted by parse_document_text()).
std::expected<std::string, DocumentError> convert_document(std::string_view text, DocumentFormat from,
                                                           DocumentFormat to);

}  // namespace postern::aws

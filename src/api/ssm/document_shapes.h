#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/ssm/document_lookup.h"
#include "api/ssm/tag_shapes.h"
#include "aws/validation.h"

/// What the API shows of documents (control-plane.md 6.5).
namespace postern::api::ssm {

/// A document's name, or its ARN.
extern const aws::Pattern kDocumentNameOrArn;
extern const aws::Pattern kDocumentVersionPattern;
extern const aws::Pattern kVersionNamePattern;

struct DocumentParameterShape {
  std::string name;
  std::string type;
  std::optional<std::string> description;
  std::optional<std::string> default_value;
};
BOOST_DESCRIBE_STRUCT(DocumentParameterShape, (), (name, type, description, default_value))

struct DocumentDescription {
  std::string name;
  std::string hash;
  std::string hash_type = "Sha256";
  std::string owner;
  Timestamp created_date;
  std::string status = "Active";
  std::string document_version;
  std::optional<std::string> description;
  std::vector<DocumentParameterShape> parameters;
  std::vector<std::string> platform_types;
  std::string document_type;
  std::string schema_version = "1.0";
  std::string latest_version;
  std::string default_version;
  std::string document_format;
  std::optional<std::string> target_type;
  std::vector<Tag> tags;
  std::optional<std::string> version_name;
  std::optional<std::string> display_name;
};
BOOST_DESCRIBE_STRUCT(DocumentDescription, (),
                      (name, hash, hash_type, owner, created_date, status, document_version, description,
                       parameters, platform_types, document_type, schema_version, latest_version,
                       default_version, document_format, target_type, tags, version_name, display_name))

struct DocumentIdentifier {
  std::string name;
  Timestamp created_date;
  std::string owner;
  std::vector<std::string> platform_types;
  std::string document_version;
  std::string document_type;
  std::string schema_version = "1.0";
  std::string document_format;
  std::optional<std::string> target_type;
  std::vector<Tag> tags;
  std::optional<std::string> version_name;
  std::optional<std::string> display_name;
};
BOOST_DESCRIBE_STRUCT(DocumentIdentifier, (),
                      (name, created_date, owner, platform_types, document_version, document_type,
                       schema_version, document_format, target_type, tags, version_name, display_name))

std::optional<std::string> unless_empty(const std::string& text);
std::vector<std::string> platform_list(const store::DocumentVersion& version);

/// `parsed` is what the version's content means.
DocumentDescription describe(const FoundDocument& found, const aws::SessionDocument& parsed,
                             const store::Tags& tags);
DocumentIdentifier identify(const FoundDocument& found, const store::Tags& tags);

}  // namespace postern::api::ssm

#include "api/ssm/document_shapes.h"

#include <boost/json/serialize.hpp>

namespace postern::api::ssm {

const aws::Pattern kDocumentNameOrArn(R"([a-zA-Z0-9_\-.:/]{3,128})");
const aws::Pattern kDocumentVersionPattern(R"((\$LATEST|\$DEFAULT|[1-9][0-9]{0,8}))");
const aws::Pattern kVersionNamePattern(R"([a-zA-Z0-9_\-.]{1,128})");

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::vector<std::string> platform_list(const store::DocumentVersion& version) {
  std::vector<std::string> out;
  std::string_view rest = version.platform_types;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    out.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

DocumentDescription describe(const FoundDocument& found, const aws::SessionDocument& parsed,
                             const store::Tags& tags) {
  DocumentDescription out{.name = found.document.name,
                          .hash = found.version.hash,
                          .owner = found.owner,
                          .created_date = found.version.created,
                          .document_version = std::to_string(found.version.version),
                          .description = unless_empty(parsed.description),
                          .platform_types = platform_list(found.version),
                          .document_type = found.document.document_type,
                          .latest_version = std::to_string(found.latest_version),
                          .default_version = std::to_string(found.document.default_version),
                          .document_format = found.version.format,
                          .target_type = unless_empty(found.document.target_type),
                          .tags = to_shape(tags),
                          .version_name = unless_empty(found.version.version_name),
                          .display_name = unless_empty(found.version.display_name)};
  for (const auto& parameter : parsed.parameters) {
    DocumentParameterShape shape{
        .name = parameter.name,
        // The API's model has no other two.
        .type = parameter.type == aws::ParameterType::kStringList ? "StringList" : "String",
        .description = unless_empty(parameter.description)};
    if (const auto& value = parameter.default_value) {
      shape.default_value =
          value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
    }
    out.parameters.push_back(std::move(shape));
  }
  return out;
}

DocumentIdentifier identify(const FoundDocument& found, const store::Tags& tags) {
  return {.name = found.document.name,
          .created_date = found.version.created,
          .owner = found.owner,
          .platform_types = platform_list(found.version),
          .document_version = std::to_string(found.version.version),
          .document_type = found.document.document_type,
          .document_format = found.version.format,
          .target_type = unless_empty(found.document.target_type),
          .tags = to_shape(tags),
          .version_name = unless_empty(found.version.version_name),
          .display_name = unless_empty(found.version.display_name)};
}

}  // namespace postern::api::ssm

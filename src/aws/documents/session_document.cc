#include "aws/documents/session_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include "aws/documents/placeholders.h"
#include "aws/documents/yaml.h"

namespace postern::aws {
namespace {

constexpr std::string_view kSchemaVersion = "1.0";
constexpr std::string_view kKeys[] = {"schemaVersion", "description", "sessionType",
                                      "inputs",        "parameters",  "properties"};
constexpr std::size_t kMaxDepth = 32;

DocumentError content_error(const DecodeError& error) {
  return {DocumentError::Kind::kContent, error.message()};
}

std::unexpected<DocumentError> wrong(std::string_view path, std::string_view problem) {
  return std::unexpected(DocumentError{DocumentError::Kind::kContent, fmt::format("{}: {}", path, problem)});
}

std::expected<boost::json::value, DocumentError> parse_json_document(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code ec;
  // Unlike parse(), the parser says how far it came.
  auto end = parser.write_some(text.data(), text.size(), ec);
  if (!ec && end == text.size()) parser.finish(ec);
  if (!ec && end < text.size()) ec = boost::json::error::extra_data;
  if (!ec) return parser.release();
  end = std::min(end, text.size());
  const auto before = text.substr(0, end);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto start = before.rfind('\n');
  return std::unexpected(
      DocumentError{DocumentError::Kind::kContent,
                    fmt::format("not valid JSON: line {}, column {}: {}", line,
                                start == std::string_view::npos ? end + 1 : end - start, ec.message())});
}

std::optional<DocumentError> check_schema_version(const boost::json::object& document) {
  const auto* version = document.if_contains("schemaVersion");
  if (version != nullptr && *version == boost::json::value(kSchemaVersion)) return std::nullopt;
  std::string problem = "is required: \"1.0\", in quotes";
  if (version != nullptr) {
    problem = fmt::format("expected \"1.0\" in quotes, the schema of session documents, found {}",
                          boost::json::serialize(*version));
  }
  return DocumentError{DocumentError::Kind::kSchemaVersion, "schemaVersion: " + problem};
}

std::expected<std::vector<ParameterDefinition>, DocumentError> read_parameters(
    const boost::json::object& document) {
  const auto* found = document.if_contains("parameters");
  std::vector<ParameterDefinition> out;
  if (found == nullptr) return out;
  if (!found->is_object()) return wrong("parameters", "expected an object");
  const auto& definitions = found->get_object();
  if (definitions.size() > kMaxDocumentParameters) {
    return wrong("parameters", fmt::format("has {} members; at most {} are allowed", definitions.size(),
                                           kMaxDocumentParameters));
  }
  for (const auto& [name, definition] : definitions) {
    auto parsed = parse_parameter_definition(std::string(name), definition);
    if (!parsed) return std::unexpected(content_error(parsed.error()));
    out.push_back(std::move(*parsed));
  }
  return out;
}

// Everything that refers to parameters.
std::optional<DecodeError> check_body(const SessionDocument& document) {
  const auto known = [&](std::string_view name) { return document.find_parameter(name) != nullptr; };
  if (document.inputs) {
    if (auto error = check_inputs(*document.inputs, Placeholders::kAllowed)) return error;
    if (auto error = check_placeholders(*document.inputs, "inputs", known)) return error;
  }
  if (auto error = check_properties(document.type, document.properties, Placeholders::kAllowed)) return error;
  return check_placeholders(document.properties, "properties", known);
}

}  // namespace

std::string_view to_string(DocumentFormat format) {
  return format == DocumentFormat::kJson ? "JSON" : "YAML";
}

std::optional<DocumentFormat> document_format_from(std::string_view text) {
  if (text == "JSON") return DocumentFormat::kJson;
  if (text == "YAML") return DocumentFormat::kYaml;
  return std::nullopt;
}

const ParameterDefinition* SessionDocument::find_parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &ParameterDefinition::name);
  return found == parameters.end() ? nullptr : &*found;
}

std::expected<boost::json::value, DocumentError> parse_document_text(std::string_view text,
                                                                     DocumentFormat format) {
  if (text.size() > kMaxDocumentBytes) {
    return std::unexpected(DocumentError{
        DocumentError::Kind::kSize,
        fmt::format("the document has {} bytes; at most {} are allowed", text.size(), kMaxDocumentBytes)});
  }
  if (format == DocumentFormat::kJson) return parse_json_document(text);
  auto value = parse_yaml(text);
  if (!value) return std::unexpected(content_error(value.error()));
  return std::move(*value);
}

std::expected<SessionDocument, DocumentError> parse_session_document(std::string_view text,
                                                                     DocumentFormat format) {
  auto value = parse_document_text(text, format);
  if (!value) return std::unexpected(std::move(value.error()));
  if (!value->is_object()) {
    return std::unexpected(DocumentError{DocumentError::Kind::kContent,
                                         "expected an object with schemaVersion, sessionType and more"});
  }
  auto& members = value->get_object();
  if (auto error = check_schema_version(members)) return std::unexpected(std::move(*error));
  for (const auto& [key, member] : members) {
    if (std::ranges::find(kKeys, std::string_view(key)) == std::end(kKeys))
      return wrong(key, fmt::format("is not known; known are {}", fmt::join(kKeys, ", ")));
  }
  SessionDocument out;
  if (const auto* description = members.if_contains("description")) {
    if (!description->is_string()) return wrong("description", "expected a string; write it in quotes");
    out.description = description->get_string();
  }
  const auto* type = members.if_contains("sessionType");
  const auto known =
      type != nullptr && type->is_string() ? session_type_from(type->get_string()) : std::nullopt;
  if (!known) {
    return wrong("sessionType",
                 "expected Standard_Stream, InteractiveCommands, NonInteractiveCommands or Port");
  }
  out.type = *known;
  auto parameters = read_parameters(members);
  if (!parameters) return std::unexpected(std::move(parameters.error()));
  out.parameters = std::move(*parameters);
  if (auto* inputs = members.if_contains("inputs")) {
    if (!inputs->is_object()) return wrong("inputs", "expected an object");
    out.inputs = std::move(inputs->get_object());
  }
  if (auto* properties = members.if_contains("properties")) out.properties = std::move(*properties);
  if (auto error = check_body(out)) return std::unexpected(content_error(*error));
  return out;
}

std::expected<std::string, DocumentError> convert_document(std::string_view text, DocumentFormat from,
                                                           DocumentFormat to) {
  if (from == to) return std::string(text);
  auto value = parse_document_text(text, from);
  if (!value) return std::unexpected(std::move(value.error()));
  return to == DocumentFormat::kYaml ? write_yaml(*value) : boost::json::serialize(*value);
}

}  // namespace postern::aws

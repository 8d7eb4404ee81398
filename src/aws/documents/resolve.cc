#include "aws/documents/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/documents/forward_targets.h"
#include "aws/documents/placeholders.h"

namespace postern::aws {
namespace {

using Values = std::map<std::string, boost::json::value, std::less<>>;
using Kind = ResolveError::Kind;

std::unexpected<ResolveError> error(Kind kind, std::string message) {
  return std::unexpected(ResolveError{kind, std::move(message)});
}

std::string names_of(const SessionDocument& document) {
  std::vector<std::string> names;
  for (const auto& definition : document.parameters) names.push_back(definition.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::expected<Values, ResolveError> values_of(const SessionDocument& document,
                                              const SessionParameters& given) {
  for (const auto& [name, values] : given) {
    if (document.find_parameter(name) != nullptr) continue;
    return error(Kind::kParameters,
                 document.parameters.empty()
                     ? fmt::format("The document takes no parameters, but {} was given.", name)
                     : fmt::format("The document has no parameter {}; it has {}.", name, names_of(document)));
  }
  Values values;
  for (const auto& definition : document.parameters) {
    const auto found = given.find(definition.name);
    if (found == given.end()) {
      if (!definition.default_value) {
        return error(Kind::kParameters, fmt::format("The parameter {} is required.", definition.name));
      }
      values.emplace(definition.name, *definition.default_value);
      continue;
    }
    auto checked = check_parameter(definition, found->second);
    if (!checked) {
      return error(Kind::kParameters, fmt::format("The value of parameter {} is refused: {}.",
                                                  definition.name, checked.error()));
    }
    values.emplace(definition.name, std::move(*checked));
  }
  return values;
}

std::expected<SessionInputs, ResolveError> resolve_inputs(const boost::json::object& inputs,
                                                          const Values& values) {
  auto complete = substitute(inputs, "inputs", values);
  if (!complete) return error(Kind::kParameters, complete.error().message());
  auto normal = normalise_inputs(complete->get_object());
  if (!normal) return error(Kind::kParameters, normal.error().message());
  return std::move(*normal);
}

std::expected<SessionInputs, ResolveError> effective_inputs(const SessionDocument& document,
                                                            const SessionDocument& preferences,
                                                            const Values& values) {
  if (document.inputs) return resolve_inputs(*document.inputs, values);
  if (!preferences.inputs) return resolve_inputs({}, {});
  const auto defaults = values_of(preferences, {});
  if (!defaults) {
    return error(Kind::kDocument, fmt::format("The account's session preferences can't be used by other "
                                              "documents: {}",
                                              defaults.error().message));
  }
  auto inputs = resolve_inputs(*preferences.inputs, *defaults);
  if (!inputs) inputs.error().kind = Kind::kDocument;
  return inputs;
}

// Only what can be told without resolving names; the node looks again when it has.
std::optional<ResolveError> check_denied(const boost::json::value& properties) {
  const auto denied = [](std::string_view host) {
    return ResolveError{Kind::kDenied,
                        fmt::format("Forwarding to {} is denied: it is an address of a cloud's own services, "
                                    "which hand out the node's credentials.",
                                    host)};
  };
  const auto& members = properties.get_object();
  if (const auto* host = members.if_contains("host")) {
    if (is_cloud_metadata_address(host->get_string())) return denied(host->get_string());
  }
  if (const auto* destinations = members.if_contains("destinations")) {
    for (const auto& destination : destinations->get_array()) {
      const auto host = destination_host(destination.get_string());
      if (is_cloud_metadata_address(host)) return denied(host);
    }
  }
  return std::nullopt;
}

std::expected<boost::json::value, ResolveError> resolve_properties(const SessionDocument& document,
                                                                   const Values& values,
                                                                   std::string_view platform) {
  auto own = for_platform(document.type, document.properties, platform);
  if (!own) return error(Kind::kPlatform, own.error().message());
  auto complete = substitute(*own, "properties", values);
  if (!complete) return error(Kind::kParameters, complete.error().message());
  if (auto problem = check_properties(document.type, *complete, Placeholders::kReplaced)) {
    return error(Kind::kParameters, problem->message());
  }
  if (document.type == SessionType::kPort) {
    if (auto denied = check_denied(*complete)) return std::unexpected(std::move(*denied));
  }
  return normalise_properties(document.type, *complete);
}

}  // namespace

std::expected<ResolvedSession, ResolveError> resolve_session(const SessionDocument& document,
                                                             const SessionDocument& preferences,
                                                             const SessionParameters& given,
                                                             std::string_view platform) {
  const auto values = values_of(document, given);
  if (!values) return std::unexpected(values.error());
  auto inputs = effective_inputs(document, preferences, *values);
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  auto properties = resolve_properties(document, *values, platform);
  if (!properties) return std::unexpected(std::move(properties.error()));
  return ResolvedSession{.description = document.description,
                         .type = document.type,
                         .inputs = std::move(inputs->wire),
                         .properties = std::move(*properties),
                         .idle_timeout = inputs->idle_timeout,
                         .max_duration = inputs->max_duration};
}

}  // namespace postern::aws

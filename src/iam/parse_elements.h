#pragma once

#include <expected>
#include <string>
#include <vector>

#include "iam/json_reader.h"
#include "iam/parse.h"
#include "iam/policy.h"

/// The elements inside a statement; what parse() is made of, not for others.
namespace postern::iam {

struct ElementContext {
  const Policy& policy;
  const PolicyLimits& limits;
  /// Where the element stands.
  const std::string& path;
};

std::expected<ListElement, Problem> read_actions(const JsonValue& value, const ElementContext& context);
std::expected<ListElement, Problem> read_resources(const JsonValue& value, const ElementContext& context);
std::expected<PrincipalElement, Problem> read_principal(const JsonValue& value,
                                                        const ElementContext& context);
std::expected<std::vector<Condition>, Problem> read_conditions(const JsonValue& value,
                                                               const ElementContext& context);

}  // namespace postern::iam

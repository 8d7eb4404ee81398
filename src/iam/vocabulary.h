#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The actions and condition keys that there are, as far as Postern knows them: for warnings only, never for
/// decisions.
namespace postern::iam {

enum class ActionKnowledge : std::uint8_t {
  kKnown,
  /// Of a service that we know, which has no such action.
  kUnknown,
  /// Of a service that we know nothing about.
  kForeign,
};
/// `pattern` may have wildcards; it is known if it means any action.
ActionKnowledge know_action(std::string_view pattern);

enum class KeyKnowledge : std::uint8_t {
  kPossible,
  /// No request has it.
  kUnknown,
  /// Requests for this action never have it.
  kNever,
};
KeyKnowledge know_key(std::string_view key, std::string_view action);

bool is_global_key(std::string_view key);
/// Has the key several values in a request, so that a condition on it wants ForAllValues or ForAnyValue?
bool is_multivalued_key(std::string_view key);

}  // namespace postern::iam

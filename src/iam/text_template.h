#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/context.h"
#include "iam/glob.h"
#include "iam/policy.h"

namespace postern::iam {

enum class Wildcards { kYes, kNo };
enum class Variables { kYes, kNo };

/// A value of a policy with its variables (IAM User Guide, "IAM policy elements: Variables and tags"):
///
///     ${aws:username}              the key's value in the request
///     ${aws:username, 'anonymous'} the same, or the default where the key is absent
///     ${*} ${?} ${$}               the character itself
///
/// What is put in is literal, its wildcards too. A key that is absent, has several values or is not UTF-8 has
/// no value: then nothing is equal or like the text.
class TextTemplate {
 public:
  TextTemplate(std::string_view text, Wildcards wildcards, Variables variables);

  /// The text in the notation of glob.h. Valid as long as the template, the context and `scratch` as it is;
  /// nothing when a variable has no value.
  std::optional<std::string_view> resolve(const ContextView& context, std::string& scratch) const;

  /// Does the resolved pattern match the whole of `subject`?
  bool matches(std::string_view subject, const ContextView& context, std::string& scratch) const {
    if (parts_.empty()) return constant_.matches(subject);
    const auto pattern = resolve(context, scratch);
    return pattern && glob_match(*pattern, subject);
  }

 private:
  struct Part {
    std::string literal;
    std::optional<ContextKey> key;
    std::optional<std::string> fallback;
  };

  // Where there are no variables; parts_ is empty then.
  Glob constant_{std::string()};
  std::vector<Part> parts_;
};

/// What is wrong with the variables in a text of Version 2012-10-17, for people; nothing when they can be
/// read.
std::optional<std::string> find_template_fault(std::string_view text);

/// The keys that the text's variables name, in order.
std::vector<std::string> variable_names(std::string_view text);

}  // namespace postern::iam

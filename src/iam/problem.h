#pragma once

#include <cstdint>
#include <string>

namespace postern::iam {

/// A place in a policy's text. Both count from 1; a column is a character, not a byte.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  bool operator==(const Position&) const = default;
};

/// A piece of the policy's text and where it stands.
struct Located {
  std::string text;
  Position at;

  bool operator==(const Located&) const = default;
};

/// Why a text is not a policy: where, in which element, what was found and what was expected there.
struct Problem {
  Position at;
  /// `Statement[0].Condition.StringEquals["aws:username"]`; empty for the document as a whole.
  std::string path;
  std::string what;
  std::string expected;

  /// `line 3, column 14: Statement[0].Effect: "allow" is not an effect; expected "Allow" or "Deny"`
  std::string message() const;
  bool operator==(const Problem&) const = default;
};

}  // namespace postern::iam

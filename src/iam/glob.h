#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::iam {

/// In the text of a pattern: any run of characters, and any one. Neither byte occurs in UTF-8, so that a
/// literal `*` in a pattern needs no escape.
constexpr char kAnyRun = '\xFF';
constexpr char kAnyOne = '\xFE';

/// `*` and `?` made into kAnyRun and kAnyOne, runs of `*` into one.
std::string encode_wildcards(std::string_view text);
/// The reverse, for people.
std::string decode_wildcards(std::string_view pattern);

/// Does the whole of `subject` match? A `?` takes one UTF-8 character; all else is compared byte by byte.
///
/// No backtracking: the text before the first run and that after the last are compared at the ends, each
/// piece between is looked for once, leftmost. Pieces without kAnyOne are found by a two-way search, so that
/// time is linear in subject and pattern together; a piece with kAnyOne costs its own length at each place of
/// the part of the subject that it is looked for in, at most |subject| x |piece|. Allocates nothing.
bool glob_match(std::string_view pattern, std::string_view subject);

/// A pattern that is used often: what most patterns are, whole texts and beginnings of texts, is found out
/// once.
class Glob {
 public:
  /// `pattern` in the notation above.
  explicit Glob(std::string pattern);

  bool matches(std::string_view subject) const {
    switch (form_) {
      case Form::kAnything:
        return true;
      case Form::kExact:
        return subject == pattern_;
      case Form::kPrefix:
        return subject.starts_with(std::string_view(pattern_).substr(0, pattern_.size() - 1));
      case Form::kGeneral:
        break;
    }
    return glob_match(pattern_, subject);
  }
  const std::string& pattern() const { return pattern_; }

 private:
  enum class Form : std::uint8_t { kAnything, kExact, kPrefix, kGeneral };

  std::string pattern_;
  Form form_;
};

}  // namespace postern::iam

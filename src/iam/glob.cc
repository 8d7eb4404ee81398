#include "iam/glob.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include "iam/text.h"

namespace postern::iam {
namespace {

constexpr auto kNone = std::string_view::npos;

// Where the character at `at` ends.
std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

// Matches `piece`, which holds no kAnyRun, at `at`; gives where it ends in the subject.
std::size_t match_at(std::string_view piece, std::string_view subject, std::size_t at) {
  for (const char c : piece) {
    if (at == subject.size()) return kNone;
    if (c == kAnyOne) {
      at = next_character(subject, at);
    } else if (c == subject[at]) {
      ++at;
    } else {
      return kNone;
    }
  }
  return at;
}

// Matches `piece` so that it ends with the subject, beginning no earlier than `from`.
bool match_at_end(std::string_view piece, std::string_view subject, std::size_t from) {
  auto at = subject.size();
  for (const char c : std::string_view(piece) | std::views::reverse) {
    if (at == from) return false;
    --at;
    if (c == kAnyOne) {
      while (at > from && is_continuation(subject[at])) --at;
    } else if (c != subject[at]) {
      return false;
    }
  }
  return true;
}

// The end of the leftmost occurrence of `piece` at or after `from`.
std::size_t find_piece(std::string_view piece, std::string_view subject, std::size_t from) {
  if (piece.find(kAnyOne) == kNone) {
    if (from >= subject.size()) return kNone;
    // For a few bytes this is quicker, and its cost per place is bounded all the same.
    constexpr std::size_t kShort = 16;
    if (piece.size() <= kShort) {
      const auto found = subject.find(piece, from);
      return found == kNone ? kNone : found + piece.size();
    }
    // glibc's memmem is a two-way search: linear, which std::string_view::find is not.
    const auto* found = static_cast<const char*>(
        ::memmem(subject.data() + from, subject.size() - from, piece.data(), piece.size()));
    return found == nullptr ? kNone : static_cast<std::size_t>(found - subject.data()) + piece.size();
  }
  for (; from < subject.size(); from = next_character(subject, from)) {
    if (const auto end = match_at(piece, subject, from); end != kNone) return end;
  }
  return kNone;
}

}  // namespace

std::string encode_wildcards(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != '*') {
      out.push_back(c == '?' ? kAnyOne : c);
    } else if (out.empty() || out.back() != kAnyRun) {
      out.push_back(kAnyRun);
    }
  }
  return out;
}

std::string decode_wildcards(std::string_view pattern) {
  std::string out(pattern);
  std::ranges::replace(out, kAnyRun, '*');
  std::ranges::replace(out, kAnyOne, '?');
  return out;
}

Glob::Glob(std::string pattern) : pattern_(std::move(pattern)) {
  const auto wildcard = std::ranges::find_if(pattern_, [](char c) { return c == kAnyRun || c == kAnyOne; });
  if (wildcard == pattern_.end()) {
    form_ = Form::kExact;
  } else if (*wildcard != kAnyRun || wildcard + 1 != pattern_.end()) {
    form_ = Form::kGeneral;
  } else {
    form_ = pattern_.size() == 1 ? Form::kAnything : Form::kPrefix;
  }
}

bool glob_match(std::string_view pattern, std::string_view subject) {
  auto run = pattern.find(kAnyRun);
  auto at = match_at(pattern.substr(0, run), subject, 0);
  if (run == kNone || at == kNone) return at == subject.size();
  while (true) {
    pattern.remove_prefix(run + 1);
    run = pattern.find(kAnyRun);
    if (run == kNone) return match_at_end(pattern, subject, at);
    if (run == 0) continue;
    at = find_piece(pattern.substr(0, run), subject, at);
    if (at == kNone) return false;
  }
}

}  // namespace postern::iam

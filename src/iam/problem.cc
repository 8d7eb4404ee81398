#include "iam/problem.h"

#include <fmt/format.h>

namespace postern::iam {

std::string Problem::message() const {
  auto text = fmt::format("line {}, column {}: ", at.line, at.column);
  if (!path.empty()) text += path + ": ";
  text += what;
  if (!expected.empty()) text += "; expected " + expected;
  return text;
}

}  // namespace postern::iam

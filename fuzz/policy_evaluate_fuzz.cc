#include <boost/json.hpp>
#include <string>

#include "base/check.h"
#include "base/json_codec.h"
#include "iam/explain.h"
#include "iam/testing/case.h"

/// Any case (src/iam/testing/case.h) is refused or decided, and explained the same way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::iam;
  const auto json = postern::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!json) return 0;
  const auto one = testing::Case::read(*json);
  if (!one) return 0;
  const auto decision = evaluate(one->request(), one->sets());
  POSTERN_CHECK(decision.outcome != Outcome::kImplicitDeny || decision.missing != 0);
  POSTERN_CHECK(decision.outcome != Outcome::kExplicitDeny || decision.statement->effect() == Effect::kDeny);
  POSTERN_CHECK(decision.allowed() == denial_reason(decision, one->request()).empty());
  const auto explanation = explain(one->request(), one->sets());
  for (const auto& statement : explanation.statements) {
    POSTERN_CHECK(statement.matched == statement.failures.empty());
    // A Deny that applies is never overruled.
    POSTERN_CHECK(!statement.matched || statement.statement->effect() == Effect::kAllow ||
                  decision.outcome == Outcome::kExplicitDeny);
  }
  POSTERN_CHECK(!to_text(explanation).empty());
  return 0;
}

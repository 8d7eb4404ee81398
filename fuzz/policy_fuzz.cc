#include <string>

#include "base/check.h"
#include "iam/check.h"
#include "iam/compiled_policy.h"

/// Any text is refused with a place, or is a policy that can be checked and compiled.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::iam;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {PolicyKind::kIdentity, PolicyKind::kResource, PolicyKind::kTrust}) {
    const auto policy = parse(text, kind);
    if (!policy) {
      POSTERN_CHECK(policy.error().at.line >= 1 && policy.error().at.column >= 1 &&
                    !policy.error().message().empty());
      continue;
    }
    for (const auto& warning : check(*policy)) POSTERN_CHECK(!warning.message().empty());
    const CompiledPolicy compiled(*policy, "fuzzed");
    POSTERN_CHECK(compiled.statements().size() == policy->statements.size());
  }
  return 0;
}

#include "auth/request_context.h"

#include <gtest/gtest.h>

#include <vector>

#include "iam/text.h"

namespace postern::auth {
namespace {

/// `KEY=VALUE` of the principal's tags, KEY in lower case.
std::vector<std::string> principal_tags(const ContextKeys& keys) {
  constexpr std::string_view kPrefix = "aws:principaltag/";
  std::vector<std::string> tags;
  for (const auto& [key, value] : keys) {
    const auto name = iam::folded(key);
    if (name.starts_with(kPrefix)) tags.push_back(name.substr(kPrefix.size()) + '=' + value);
  }
  return tags;
}

TEST(PrincipalKeys, TagsOfTheSessionHideTheRolesWhateverTheirCase) {
  Principal session;
  session.kind = PrincipalKind::kRoleSession;
  session.session_tags = {{"team", "blue"}};
  const store::Tags of_role = {{"Team", "red"}, {"TEAM", "green"}, {"Teams", "all"}};
  EXPECT_EQ(principal_tags(principal_keys(session, of_role, Installation{})),
            (std::vector<std::string>{"team=blue", "teams=all"}));
}

}  // namespace
}  // namespace postern::auth

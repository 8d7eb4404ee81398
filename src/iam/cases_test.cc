#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "iam/explain.h"
#include "iam/testing/case.h"

namespace postern::iam {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::size_t begin = 0;
  for (auto end = line.find(" | "); end != std::string::npos; end = line.find(" | ", begin)) {
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 3;
  }
  fields.push_back(line.substr(begin));
  for (auto& field : fields) field.erase(field.find_last_not_of(' ') + 1);
  return fields;
}

/// The case as testing::Case reads it; the comment at the head of cases.txt describes the lines.
boost::json::value case_of(const std::vector<std::string>& fields) {
  const auto identity = [](const std::string& elements, const std::string& rest) {
    const auto inner = elements.substr(1, elements.size() - 2);
    return fmt::format(R"("identity":{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{},{}}}}})",
                       inner, rest);
  };
  const auto& form = fields[0];
  if (form == "condition") {
    const auto policy = identity(R"({"Action":"*","Resource":"*"})", R"("Condition":)" + fields[2]);
    return boost::json::parse(fmt::format(R"({{"context":{},{}}})", fields[3], policy));
  }
  if (form == "action") {
    return boost::json::parse(
        fmt::format(R"({{"action":"{}",{}}})", fields[3], identity(fields[2], R"("Resource":"*")")));
  }
  if (form == "resource") {
    return boost::json::parse(fmt::format(R"({{"resources":"{}","context":{},{}}})", fields[3], fields[4],
                                          identity(fields[2], R"("Action":"*")")));
  }
  return boost::json::parse(fields[2]);
}

std::string decision_text(const Decision& decision) {
  if (decision.outcome == Outcome::kImplicitDeny) {
    std::string sets;
    const std::pair<PolicySet, const char*> names[] = {{PolicySet::kServiceControl, "scp"},
                                                       {PolicySet::kResource, "resource"},
                                                       {PolicySet::kIdentity, "identity"},
                                                       {PolicySet::kBoundary, "boundary"},
                                                       {PolicySet::kSession, "session"}};
    for (const auto& [set, name] : names) {
      if (decision.is_missing(set)) sets += (sets.empty() ? "" : ",") + std::string(name);
    }
    return "implicit " + sets;
  }
  const std::string verdict = decision.allowed() ? "allow " : "explicit ";
  if (decision.policy == nullptr) return verdict + "-";
  return fmt::format("{}{}#{}", verdict, decision.policy->name(), decision.statement->index());
}

std::string expanded(const std::string& expected) {
  if (expected == "yes") return "allow identity[0]#0";
  if (expected == "no") return "implicit identity";
  return expected;
}

TEST(Cases, AreDecidedAsDocumented) {
  std::ifstream file(POSTERN_IAM_TESTDATA "/cases.txt");
  ASSERT_TRUE(file.is_open());
  int count = 0;
  int number = 0;
  std::string topic;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("## ")) topic = line.substr(3);
    if (line.empty() || line.starts_with('#')) continue;
    const auto fields = fields_of(line);
    const auto place = fmt::format("cases.txt:{}: {} ({})", number, fields.at(1), topic);
    const auto one = testing::Case::read(case_of(fields));
    ASSERT_TRUE(one.has_value()) << place << ": " << one.error();
    const auto decision = evaluate(one->request(), one->sets());
    EXPECT_EQ(decision_text(decision), expanded(fields.back())) << place;
    // The account given of a decision must be of the same decision.
    const auto explanation = explain(one->request(), one->sets());
    EXPECT_EQ(explanation.decision.outcome, decision.outcome) << place;
    EXPECT_EQ(explanation.decision.statement, decision.statement) << place;
    for (const auto& statement : explanation.statements)
      EXPECT_EQ(statement.failures.empty(), statement.matched) << place;
    ++count;
  }
  EXPECT_GE(count, 300);
}

}  // namespace
}  // namespace postern::iam

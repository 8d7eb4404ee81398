#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "iam/testing/case.h"

/// iam_decide: reads cases (case.h), one JSON object a line, and writes a line for each: `allow`, `explicit`,
/// `implicit`, or `invalid: WHY`. For the differential test.
int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto one = postern::iam::testing::Case::read(boost::json::parse(line));
    if (!one) {
      std::cout << "invalid: " << one.error() << '\n';
      continue;
    }
    switch (evaluate(one->request(), one->sets()).outcome) {
      case postern::iam::Outcome::kAllowed:
        std::cout << "allow\n";
        break;
      case postern::iam::Outcome::kImplicitDeny:
        std::cout << "implicit\n";
        break;
      case postern::iam::Outcome::kExplicitDeny:
        std::cout << "explicit\n";
        break;
    }
  }
}

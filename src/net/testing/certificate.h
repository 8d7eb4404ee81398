#pragma once

#include <string>
#include <vector>

#include "base/secret.h"

namespace postern::net::testing {

struct Certificate {
  std::string certificate_pem;
  Secret key_pem;
};

/// A certificate that signs itself and may sign others; as a client's CA bundle it stands for both. `names`
/// are DNS names or IP addresses. Valid for a day, on P-256.
Certificate make_self_signed(const std::vector<std::string>& names);

/// Writes `text` into a new file of the test's temporary directory and returns its path.
std::string write_temporary_file(const std::string& text);

}  // namespace postern::net::testing

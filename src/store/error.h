#pragma once

#include <stdexcept>

namespace postern::store {

/// The database failed: unreachable, full, corrupt. The text is for the log, not for callers of the API.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace postern::store

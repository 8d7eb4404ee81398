#pragma once

#include "base/clock.h"

namespace postern::channel {

/// Dates messages in tests; nothing depends on what it says.
class TestClock final : public Clock {
 public:
  Timestamp now() const override { return from_unix_micros(1'503'434'274'948'000); }
};

}  // namespace postern::channel

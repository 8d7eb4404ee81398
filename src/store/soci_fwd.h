#pragma once

namespace soci {
class session;  // NOLINT(readability-identifier-naming)
}

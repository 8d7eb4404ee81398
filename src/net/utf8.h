#pragma once

#include "base/bytes.h"

namespace postern::net {

/// Well-formed UTF-8 after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(ByteView text);

}  // namespace postern::net

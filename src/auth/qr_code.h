#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

namespace postern::auth {

/// A QR code of `text` as a PNG in black and white, with the quiet zone that scanners need. Nothing when the
/// text is longer than a QR code carries (about 2,300 bytes at the error correction that we ask for).
std::optional<Bytes> qr_code_png(const Secret& text);

}  // namespace postern::auth

#include "auth/qr_code.h"

#include <png.h>
#include <qrencode.h>

#include <memory>

#include "base/check.h"

namespace postern::auth {
namespace {

// Modules of white around the code (ISO/IEC 18004 section 6.3.8), and pixels a module.
constexpr std::size_t kQuietZone = 4;
constexpr std::size_t kScale = 6;
constexpr std::uint8_t kWhite = 0xff;

struct FreeQrCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

Bytes pixels_of(const QRcode& code) {
  const auto width = static_cast<std::size_t>(code.width);
  const auto side = (width + 2 * kQuietZone) * kScale;
  Bytes pixels(side * side, kWhite);
  for (std::size_t y = 0; y < width * kScale; ++y) {
    for (std::size_t x = 0; x < width * kScale; ++x) {
      // The lowest bit of a module says that it is black.
      if ((code.data[y / kScale * width + x / kScale] & 1U) != 0)
        pixels[(y + kQuietZone * kScale) * side + x + kQuietZone * kScale] = 0;
    }
  }
  return pixels;
}

}  // namespace

std::optional<Bytes> qr_code_png(const Secret& text) {
  const std::unique_ptr<QRcode, FreeQrCode> code(
      QRcode_encodeString8bit(text.reveal().c_str(), 0, QR_ECLEVEL_M));
  if (!code) return std::nullopt;
  const auto pixels = pixels_of(*code);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height =
      static_cast<png_uint_32>((static_cast<std::size_t>(code->width) + 2 * kQuietZone) * kScale);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  Bytes png(size);
  // Only memory can fail here.
  POSTERN_CHECK(png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr) != 0);
  png.resize(size);
  return png;
}

}  // namespace postern::auth

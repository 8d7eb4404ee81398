#include "auth/qr_code.h"

#include <gtest/gtest.h>
#include <png.h>

#include <string>

namespace postern::auth {
namespace {

struct Image {
  unsigned side = 0;
  Bytes pixels;
  bool black(unsigned x, unsigned y) const { return pixels.at(std::size_t{y} * side + x) == 0; }
};

Image read(const Bytes& png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, png.data(), png.size()), 0);
  image.format = PNG_FORMAT_GRAY;
  Bytes pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  EXPECT_EQ(image.width, image.height);
  return {image.width, std::move(pixels)};
}

// That a phone reads it is tested end to end; here, that it is a picture with the three corners of a QR code.
TEST(QrCode, IsAPngWithQuietZoneAndFinderPatterns) {
  const auto png = qr_code_png(Secret("otpauth://totp/Postern:alice?secret=MZXW6YTBOI&issuer=Postern"));
  ASSERT_TRUE(png);
  const auto image = read(*png);
  const unsigned quiet = 4 * 6;
  EXPECT_FALSE(image.black(0, 0));
  EXPECT_FALSE(image.black(quiet - 1, quiet - 1));
  EXPECT_TRUE(image.black(quiet, quiet));
  EXPECT_TRUE(image.black(image.side - quiet - 1, quiet));
  EXPECT_TRUE(image.black(quiet, image.side - quiet - 1));
  EXPECT_FALSE(image.black(quiet + 6 + 1, quiet + 6 + 1));  // the white ring
}

TEST(QrCode, RefusesWhatNoQrCodeHolds) {
  EXPECT_FALSE(qr_code_png(Secret(std::string(5'000, 'x'))));
  EXPECT_FALSE(qr_code_png(Secret("")));
}

}  // namespace
}  // namespace postern::auth

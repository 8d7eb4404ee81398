#include "copy/frame.h"

#include <gtest/gtest.h>

namespace postern::copy {
namespace {

const Sha256 kHash = sha256("content");

TEST(Frame, RoundTrips) {
  const Hello hello{kVersion, 2, 3, 1ULL << 40};
  const Directory directory{0755, "a/b"};
  const File file{12, 0640, -1'500'000'000, "a/b/c.txt"};
  const Offset offset{1ULL << 33, kHash};
  const Refused refused{7, "No space left on device"};
  EXPECT_EQ(decode_hello((*next_frame(encode(hello)))->content), hello);
  EXPECT_EQ(decode_directory((*next_frame(encode(directory)))->content), directory);
  EXPECT_EQ(decode_file((*next_frame(encode(file)))->content), file);
  EXPECT_EQ(decode_offset((*next_frame(encode(offset)))->content), offset);
  EXPECT_EQ(decode_refused((*next_frame(encode(refused)))->content), refused);
  EXPECT_EQ(decode_number((*next_frame(encode_number(FrameType::kStored, 9)))->content), 9U);
  EXPECT_EQ(decode_end((*next_frame(encode_end(kHash)))->content), kHash);
}

TEST(Frame, IsWrittenAsDocumented) {
  EXPECT_EQ(encode_number(FrameType::kFrom, 0x0102), (Bytes{4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(encode(Directory{0755, "d"}), (Bytes{2, 0, 0, 0, 5, 0, 0, 1, 0xed, 'd'}));
}

TEST(Frame, WaitsForTheRestAtEveryLength) {
  const auto whole = encode(File{12, 0640, 5, "name"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto frame = next_frame(ByteView(whole).first(size));
    ASSERT_TRUE(frame) << frame.error();
    EXPECT_FALSE(*frame) << size;
  }
}

TEST(Frame, RefusesUnknownTypesAndExcessiveLengths) {
  for (const std::uint8_t type : {0, 9, 15, 20, 255}) {
    EXPECT_FALSE(next_frame(Bytes{type, 0, 0, 0, 0})) << int{type};
  }
  EXPECT_FALSE(next_frame(Bytes{5, 0, 1, 0, 1}));
  EXPECT_TRUE(next_frame(Bytes{5, 0, 1, 0, 0}));
}

TEST(Frame, RefusesContentOfAnotherForm) {
  for (std::size_t size = 0; size < 48; ++size) {
    const Bytes content(size, 1);
    EXPECT_EQ(decode_hello(content).has_value(), size == 24) << size;
    EXPECT_EQ(decode_number(content).has_value(), size == 8) << size;
    EXPECT_EQ(decode_end(content).has_value(), size == 32) << size;
    EXPECT_EQ(decode_offset(content).has_value(), size == 40) << size;
  }
}

TEST(SafePath, AllowsWhatStaysBelow) {
  for (const char* good : {"a", "a/b", "...", "a b/ü", ".hidden", "-x"}) EXPECT_TRUE(safe_path(good)) << good;
  for (const char* bad : {"", "/", "/etc/passwd", "a/", "a//b", ".", "..", "a/../b", "./a", "a/."}) {
    EXPECT_FALSE(safe_path(bad)) << bad;
  }
  EXPECT_FALSE(safe_path(std::string_view("a\0b", 3)));
  EXPECT_FALSE(safe_path(std::string(kMaxPathBytes + 1, 'a')));
}

}  // namespace
}  // namespace postern::copy

#include "store/sealer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/encoding.h"
#include "store/error.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

const Secret kText("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

void write_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  std::ofstream(file) << text;
  ASSERT_EQ(::chmod(file.c_str(), mode), 0);
}

std::string refusal_of(const std::filesystem::path& file) {
  try {
    Sealer::from_file(file);
    return "accepted";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Sealer, RoundTrips) {
  const auto sealer = test_sealer();
  for (const auto* text : {"", "x", "a secret\nof two lines"}) {
    EXPECT_EQ(sealer.unseal(sealer.seal(Secret(text), "row 1"), "row 1").reveal(), text);
  }
  EXPECT_EQ(sealer.unseal(sealer.seal(kText, ""), "").reveal(), kText.reveal());
}

TEST(Sealer, SealsDifferentlyEachTime) {
  const auto sealer = test_sealer();
  EXPECT_NE(sealer.seal(kText, "row"), sealer.seal(kText, "row"));
  EXPECT_EQ(sealer.seal(kText, "row").find(kText.reveal()), std::string::npos);
}

TEST(Sealer, RefusesMovedValue) {
  const auto sealer = test_sealer();
  EXPECT_THROW(sealer.unseal(sealer.seal(kText, "access_keys.secret:AKIA1"), "access_keys.secret:AKIA2"),
               StoreError);
}

TEST(Sealer, RefusesOtherKey) {
  EXPECT_THROW(test_sealer().unseal(Sealer(Bytes(32, 8)).seal(kText, "row"), "row"), StoreError);
}

TEST(Sealer, RefusesEveryFlippedBitAndEveryTruncation) {
  const auto sealer = test_sealer();
  const auto good = from_base64(sealer.seal(kText, "row")).value();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto altered = good;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_THROW(sealer.unseal(to_base64(altered), "row"), StoreError) << "bit " << bit;
  }
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(sealer.unseal(to_base64(ByteView(good).first(length)), "row"), StoreError)
        << "length " << length;
  }
  EXPECT_THROW(sealer.unseal("not base64!", "row"), StoreError);
}

TEST(SealerFile, IsCreatedPrivateAndReadAgain) {
  const TestDirectory directory;
  const auto file = directory / "master.key";
  const auto sealed = Sealer::from_file(file).seal(kText, "row");
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(Sealer::from_file(file).unseal(sealed, "row").reveal(), kText.reveal());
  const auto entries = std::filesystem::directory_iterator(file.parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "no draft may stay behind";
}

TEST(SealerFile, RefusesWhatOthersMayRead) {
  const TestDirectory directory;
  write_file(directory / "key", to_base64(Bytes(32, 1)), 0640);
  EXPECT_NE(refusal_of(directory / "key").find("mode 0640"), std::string::npos);
  EXPECT_NE(refusal_of(directory / "key").find("chmod 600"), std::string::npos);
}

TEST(SealerFile, RefusesWhatIsNoKey) {
  const TestDirectory directory;
  for (const auto& text : {std::string(), std::string("hello"), to_base64(Bytes(31, 1)),
                           to_base64(Bytes(33, 1)), std::string(1000, 'A')}) {
    write_file(directory / "key", text, 0600);
    EXPECT_NE(refusal_of(directory / "key").find("does not hold 32 bytes"), std::string::npos) << text;
  }
  EXPECT_NE(refusal_of(directory / "").find("not a regular file"), std::string::npos);
  EXPECT_NE(refusal_of(directory / "absent" / "key").find("cannot be created"), std::string::npos);
}

}  // namespace
}  // namespace postern::store

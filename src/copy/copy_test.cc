#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <random>

#include "copy/destination.h"
#include "copy/source.h"

namespace postern::copy {
namespace {

namespace fs = std::filesystem;

class CopyTest : public testing::Test {
 protected:
  CopyTest() {
    auto pattern = (fs::temp_directory_path() / "copy-test-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    fs::create_directories(root / "from");
    fs::create_directories(root / "to");
  }
  ~CopyTest() override { fs::remove_all(root); }

  fs::path write(const fs::path& path, const std::string& content) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << content;
    return root / path;
  }
  std::string read(const fs::path& path) {
    std::ifstream file(root / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random());
    return text;
  }

  /// Moves bytes both ways until both ends are done, `limit` bytes of the source's at most. Returns the first
  /// error.
  std::string run(Source& source, Destination& destination, std::size_t limit = ~std::size_t{0}) {
    while (!source.finished() && limit > 0) {
      const auto bytes = source.next();
      const auto size = std::min(limit, bytes.size());
      limit -= size;
      // In two pieces, so that frames are cut.
      for (const auto part : {bytes.first(size / 2), bytes.subspan(size / 2, size - size / 2)}) {
        if (auto ok = destination.on_bytes(part); !ok) return ok.error();
      }
      const auto answers = destination.take_output();
      if (bytes.empty() && answers.empty()) return "both ends wait";
      if (auto ok = source.on_bytes(answers); !ok) return ok.error();
    }
    return "";
  }

  fs::path root;
};

TEST_F(CopyTest, CopiesAFileUnderItsNameIntoADirectory) {
  const auto from = write("from/a.txt", "hello");
  ::chmod(from.c_str(), 0640);
  const timespec times[2] = {{0, UTIME_OMIT}, {1'000'000'000, 123'456'789}};
  ::utimensat(AT_FDCWD, from.c_str(), times, 0);
  Source source({from}, Recursion::kNo);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/a.txt"), "hello");
  struct stat status{};
  ::stat((root / "to/a.txt").c_str(), &status);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'789);
  EXPECT_EQ(destination.progress().files, 1U);
  EXPECT_EQ(source.progress().failure_count, 0U);
}

TEST_F(CopyTest, GivesTheFileTheNameThatTheDestinationSays) {
  Source source({write("from/a.txt", "hello")}, Recursion::kNo);
  Destination destination(root / "to/b.txt");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/b.txt"), "hello");
}

TEST_F(CopyTest, CopiesATreeWithEmptyAndLargeFiles) {
  write("from/t/empty", "");
  const auto large = noise(3 * kResumableBytes + 17);
  write("from/t/deep/er/large", large);
  fs::create_directories(root / "from/t/hollow");
  ::chmod((root / "from/t/deep").c_str(), 0555);
  Source source({root / "from/t"}, Recursion::kYes);
  Destination destination(root / "to/copy");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/copy/deep/er/large"), large);
  EXPECT_TRUE(fs::is_directory(root / "to/copy/hollow"));
  EXPECT_TRUE(fs::exists(root / "to/copy/empty"));
  EXPECT_EQ(fs::status(root / "to/copy/deep").permissions(), fs::perms(0555));
  EXPECT_EQ(destination.progress().bytes, large.size());
  for (const char* readonly : {"from/t/deep", "to/copy/deep"}) ::chmod((root / readonly).c_str(), 0755);
}

TEST_F(CopyTest, GoesOnWhereACopyWasCutShort) {
  const auto content = noise(5 * kResumableBytes);
  const auto from = write("from/big", content);
  {
    Source source({from}, Recursion::kNo);
    Destination destination(root / "to");
    run(source, destination, 3 * kResumableBytes);
  }
  EXPECT_FALSE(fs::exists(root / "to/big"));
  Source source({from}, Recursion::kNo);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/big"), content);
  EXPECT_GT(destination.progress().resumed_bytes, 2 * kResumableBytes);
  EXPECT_EQ(source.progress().resumed_bytes, destination.progress().resumed_bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(root / "to"), {}), 1);
}

TEST_F(CopyTest, BeginsAnewWhereTheFileHasChangedSince) {
  const auto from = write("from/big", noise(3 * kResumableBytes, 1));
  {
    Source source({from}, Recursion::kNo);
    Destination destination(root / "to");
    run(source, destination, 2 * kResumableBytes);
  }
  const auto content = noise(3 * kResumableBytes, 2);
  write("from/big", content);
  Source source({from}, Recursion::kNo);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/big"), content);
  EXPECT_EQ(destination.progress().resumed_bytes, 0U);
}

TEST_F(CopyTest, ReportsWhatItDoesNotCopyAndCopiesTheRest) {
  write("from/t/good", "good");
  fs::create_symlink("/etc/passwd", root / "from/t/link");
  ::mkfifo((root / "from/t/pipe").c_str(), 0600);
  Source source({root / "from/t", root / "from/none"}, Recursion::kYes);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("to/t/good"), "good");
  EXPECT_FALSE(fs::exists(fs::symlink_status(root / "to/t/link")));
  ASSERT_EQ(source.progress().failures.size(), 3U);
  EXPECT_NE(source.progress().failures[0].find("symbolic link"), std::string::npos);
  EXPECT_NE(source.progress().failures[2].find("No such file"), std::string::npos);
}

TEST_F(CopyTest, NeverWritesThroughALink) {
  fs::create_directories(root / "secret");
  fs::create_directory_symlink(root / "secret", root / "to/t");
  write("from/t/file", "x");
  Source source({root / "from/t"}, Recursion::kYes);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_TRUE(fs::is_empty(root / "secret"));
  EXPECT_EQ(source.progress().failure_count, 2U);
}

TEST_F(CopyTest, ReplacesALinkToAFileAndNotWhatItLeadsTo) {
  write("secret", "secret");
  fs::create_symlink(root / "secret", root / "to/a");
  Source source({write("from/a", "new")}, Recursion::kNo);
  Destination destination(root / "to");
  EXPECT_EQ(run(source, destination), "");
  EXPECT_EQ(read("secret"), "secret");
  EXPECT_EQ(source.progress().failure_count, 1U);
}

TEST_F(CopyTest, RefusesPathsThatLeadOutside) {
  for (const char* path : {"../evil", "/tmp/evil", "a/../../evil"}) {
    Destination destination(root / "to");
    ASSERT_TRUE(destination.on_bytes(encode(Hello{kVersion, 1, 1, 1})));
    ASSERT_TRUE(destination.on_bytes(encode(File{1, 0644, 0, path})));
    EXPECT_EQ(destination.progress().failure_count, 1U) << path;
  }
}

TEST_F(CopyTest, RefusesAFileWhoseHashDiffers) {
  Destination destination(root / "to");
  ASSERT_TRUE(destination.on_bytes(encode(Hello{kVersion, 1, 1, 1})));
  ASSERT_TRUE(destination.on_bytes(encode(File{1, 0644, 0, "a"})));
  ASSERT_TRUE(destination.on_bytes(Bytes{static_cast<std::uint8_t>(FrameType::kData), 0, 0, 0, 1, 'x'}));
  ASSERT_TRUE(destination.on_bytes(encode_end(sha256("y"))));
  EXPECT_NE(destination.progress().failures.at(0).find("SHA-256"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(root / "to"));
}

TEST_F(CopyTest, RefusesMoreThanWasAnnounced) {
  Destination destination(root / "to");
  ASSERT_TRUE(destination.on_bytes(encode(Hello{kVersion, 1, 1, 1})));
  ASSERT_TRUE(destination.on_bytes(encode(File{1, 0644, 0, "a"})));
  ASSERT_TRUE(destination.on_bytes(Bytes{static_cast<std::uint8_t>(FrameType::kData), 0, 0, 0, 2, 'x', 'x'}));
  EXPECT_NE(destination.progress().failures.at(0).find("longer"), std::string::npos);
}

TEST_F(CopyTest, SaysWhatIsWrongWithADestination) {
  const auto a = write("from/a", "x");
  const auto b = write("from/b", "x");
  Source two({a, b}, Recursion::kNo);
  Destination no_directory(root / "to/none");
  EXPECT_NE(run(two, no_directory).find("must be a directory"), std::string::npos);
  Source one({a}, Recursion::kNo);
  Destination nowhere(root / "none/none");
  EXPECT_NE(run(one, nowhere).find("No such file or directory"), std::string::npos);
}

TEST_F(CopyTest, RefusesADirectoryWithoutRecursion) {
  write("from/t/file", "x");
  Source not_asked({root / "from/t"}, Recursion::kNo);
  EXPECT_NE(not_asked.progress().failures.at(0).find("--recursive"), std::string::npos);
  Source source({root / "from/t"}, Recursion::kYes);
  Destination destination(root / "to", Recursion::kNo);
  EXPECT_NE(run(source, destination).find("--recursive"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(root / "to"));
}

TEST_F(CopyTest, EndsRefusePeersThatSpeakOutOfTurn) {
  Source source({write("from/a", "x")}, Recursion::kNo);
  source.next();
  EXPECT_FALSE(source.on_bytes(encode_number(FrameType::kFinished, 0)));
  Source other({write("from/a", "x")}, Recursion::kNo);
  EXPECT_FALSE(other.on_bytes(encode(Offset{})));
  EXPECT_FALSE(other.on_bytes(encode(Refused{5, "no such entry"})));
  Destination destination(root / "to");
  EXPECT_FALSE(destination.on_bytes(encode_finish()));
}

}  // namespace
}  // namespace postern::copy

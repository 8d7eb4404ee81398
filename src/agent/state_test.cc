#include "agent/state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace postern::agent {
namespace {

namespace fs = std::filesystem;

class StateTest : public testing::Test {
 protected:
  StateTest() : root(fs::temp_directory_path() / ("postern-state-test-" + std::to_string(::getpid()))) {
    fs::remove_all(root);
  }
  ~StateTest() override { fs::remove_all(root); }

  static NodeState example() {
    NodeState state;
    state.node_id = "mi-0123456789abcdef0";
    state.endpoint = "https://posternd.example:8443";
    state.region = "us-east-1";
    state.fingerprint = "0d6a3a5e-7c0b-4f2e-9a66-5a1f0c2b7d11";
    state.private_key = Secret("-----BEGIN PRIVATE KEY-----\n");
    return state;
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  std::string load_error() const {
    try {
      directory.load();
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  fs::path root;
  StateDirectory directory{root / "deep" / "agent"};
};

TEST_F(StateTest, ReadsBackWhatItWroteAndKeepsItPrivate) {
  EXPECT_FALSE(directory.registered());
  EXPECT_EQ(directory.load(), std::nullopt);
  directory.save(example(), "PEM");
  EXPECT_TRUE(directory.registered());
  const auto state = directory.load();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->node_id, example().node_id);
  EXPECT_EQ(state->private_key.reveal(), example().private_key.reveal());
  EXPECT_EQ(read_file(directory.ca_bundle_file(), 100), "PEM");
  EXPECT_EQ(mode_of(directory.path()), 0700u);
  EXPECT_EQ(mode_of(directory.registration_file()), 0600u);
  EXPECT_EQ(mode_of(directory.ca_bundle_file()), 0600u);
}

TEST_F(StateTest, ReplacesARegistrationAndForgetsItsAuthority) {
  directory.save(example(), "PEM");
  auto other = example();
  other.node_id = "mi-other";
  directory.save(other, "");
  EXPECT_EQ(directory.load()->node_id, "mi-other");
  EXPECT_EQ(directory.ca_bundle_file(), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1) << "no temporary file stays";
}

TEST_F(StateTest, SurvivesALeftoverOfAnInterruptedWrite) {
  directory.prepare();
  std::ofstream(directory.registration_file().string() + ".new") << "half";
  directory.save(example(), "");
  EXPECT_TRUE(directory.load());
}

TEST_F(StateTest, SaysWhatIsWrongWithAFile) {
  directory.save(example(), "");
  fs::permissions(directory.registration_file(), fs::perms(0640));
  EXPECT_NE(load_error().find("others may open it"), std::string::npos) << load_error();
  fs::permissions(directory.registration_file(), fs::perms(0600));
  std::ofstream(directory.registration_file()) << "{\"NodeId\":";
  EXPECT_NE(load_error().find("is damaged"), std::string::npos) << load_error();
  std::ofstream(directory.registration_file()) << "{\"NodeId\":\"mi-1\"}";
  EXPECT_NE(load_error().find("Endpoint: is required"), std::string::npos) << load_error();
  std::ofstream(directory.registration_file()) << std::string(1'000'000, ' ');
  EXPECT_NE(load_error().find("larger than"), std::string::npos) << load_error();
}

}  // namespace
}  // namespace postern::agent
